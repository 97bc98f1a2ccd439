import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Puts files in place at once, and clears away what killed processes began.
enum FileReplacement {
  /// Writes a file beside its place and renames it.
  ///
  /// The temporary name holds the process's number: one whose process is gone is removed here.
  ///
  /// - Throws: ``TokenizerError/unwritableFile(path:reason:)``; the file is then as it was.
  static func write(_ data: Data, to url: URL) throws {
    let marker = ".tmp-"
    let folder = url.deletingLastPathComponent()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name.hasPrefix(url.lastPathComponent + marker) {
      let number = name.dropFirst(url.lastPathComponent.count + marker.count).prefix { $0 != "-" }
      guard let process = Int32(number), process > 0, kill(process, 0) != 0, errno == ESRCH else {
        continue
      }
      try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
    let process = ProcessInfo.processInfo.processIdentifier
    let temporary = folder.appending(
      path: "\(url.lastPathComponent)\(marker)\(process)-\(UUID().uuidString.prefix(8))")
    do {
      try data.write(to: temporary)
      guard rename(temporary.path, url.path) == 0 else {
        throw TokenizerError.unwritableFile(
          path: url.path, reason: String(cString: strerror(errno)))
      }
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      if let error = error as? TokenizerError { throw error }
      throw TokenizerError.unwritableFile(path: url.path, reason: error.localizedDescription)
    }
  }
}
