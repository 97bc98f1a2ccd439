import Foundation
import ShardStore

#if canImport(Glibc)
  import Glibc
#endif

/// Puts a sealed file into another folder: as a second name of the same bytes, or as a copy.
enum ShardLink {
  /// Gives a file a name in another folder, whole or not at all. Sealed files never change, so the
  /// bytes may be shared; a repair makes a new file.
  ///
  /// - Returns: Whether no bytes were copied.
  /// - Throws: `ShardStoreError`.
  @discardableResult
  static func place(_ source: URL, at target: URL) throws -> Bool {
    if link(source.path, target.path) == 0 || errno == EEXIST { return true }
    // Another file system, or one without hard links.
    let temporary = target.appendingPathExtension(
      "tmp-\(ProcessInfo.processInfo.processIdentifier)")
    try? FileManager.default.removeItem(at: temporary)
    do {
      try FileManager.default.copyItem(at: source, to: temporary)
      let handle = try FileHandle(forWritingTo: temporary)
      try handle.synchronize()
      try handle.close()
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      throw ShardStoreError.notWritten(file: target.path, reason: error.localizedDescription)
    }
    try AtomicFile.commit(temporary, as: target)
    return false
  }
}
