package import Foundation
import ShardStore

/// A folder under a temporary name beside its destination, renamed when it is complete.
///
/// The name is `<destination>.partial-<random>`, and the process holds a lock on it, so that what
/// a killed run left behind can be told from the work of a running one, and is removed by the next.
/// Owns the folder until `commit()`; one thread at a time.
package final class StagingFolder {
  /// Where to write.
  package let url: URL
  private let destination: URL
  private var descriptor: Int32

  /// Makes the folder, and the folders above the destination.
  ///
  /// - Throws: `CorpusError.unwritable`.
  package init(destination: URL) throws {
    self.destination = destination
    let parent = destination.deletingLastPathComponent()
    let prefix = destination.lastPathComponent + ".partial-"
    do {
      try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    } catch {
      throw CorpusError.unwritable(path: parent.path, reason: error.localizedDescription)
    }
    StagingFolder.removeAbandoned(in: parent, prefix: prefix)
    url = parent.appending(
      path: prefix + Hexadecimal.text((0..<6).map { _ in UInt8.random(in: 0...255) }))
    guard mkdir(url.path, 0o777) == 0 else {
      throw CorpusError.unwritable(path: url.path, reason: systemMessage(errno))
    }
    descriptor = open(url.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A file system without locks costs only the removal of abandoned folders.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
  }

  deinit {
    if descriptor >= 0 {
      discard()
    }
  }

  /// Forces every file below to the disk and gives the folder its name.
  ///
  /// - Throws: `ShardStoreError` where it cannot be renamed; the staging folder stays then.
  package func commit() throws {
    let paths = FileManager.default.enumerator(at: url, includingPropertiesForKeys: nil)
    while let path = paths?.nextObject() as? URL {
      let file = open(path.path, O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { continue }
      fsync(file)
      close(file)
    }
    fsync(descriptor)
    try AtomicFile.commit(url, as: destination)
    close(descriptor)
    descriptor = -1
  }

  /// Removes the folder with all that is in it.
  package func discard() {
    try? FileManager.default.removeItem(at: url)
    close(descriptor)
    descriptor = -1
  }

  private static func removeAbandoned(in parent: URL, prefix: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? []
    for name in names where name.hasPrefix(prefix) {
      let folder = parent.appending(path: name)
      let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
        try? FileManager.default.removeItem(at: folder)
      }
      close(descriptor)
    }
  }
}
