package import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// What killed processes leave in a cache's folder, and whether a living one works there.
package enum CacheLeftovers {
  /// The folder in which a repair works.
  static let repairFolder = ".repair"

  /// Whether a process holds a lock on a file of the folder: it writes there.
  package static func isLocked(_ folder: URL) -> Bool {
    files(below: folder).contains(where: isLocked(file:))
  }

  /// Files and folders that nobody needs any more: partial files of sealed shards, temporary files,
  /// an abandoned repair. The partial file of a shard that is not sealed is not among them, since the
  /// next run goes on with it.
  package static func all(in folder: URL) -> [URL] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().filter { name in
      if name == repairFolder { return !isLocked(folder.appending(path: name)) }
      if name.contains(".tmp-") { return !isLocked(file: folder.appending(path: name)) }
      guard let range = name.range(of: ".sqlite.") else { return false }
      let sealed = folder.appending(path: "\(name[..<range.lowerBound]).sqlite")
      let partial = folder.appending(path: "\(name[..<range.lowerBound]).sqlite.partial")
      return FileManager.default.fileExists(atPath: sealed.path) && !isLocked(file: partial)
    }.map { folder.appending(path: $0) }
  }

  /// Seconds since a shard of the folder was written to; nil where there is none. Below 0 where another
  /// machine's clock is ahead.
  static func secondsSinceWriting(in folder: URL) -> Double? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let dates = names.filter { $0.contains(".sqlite") }.compactMap { name in
      let attributes = try? FileManager.default.attributesOfItem(
        atPath: folder.appending(path: name).path)
      return attributes?[.modificationDate] as? Date
    }
    return dates.max().map { Date().timeIntervalSince($0) }
  }

  private static func files(below folder: URL) -> [URL] {
    let paths = FileManager.default.enumerator(atPath: folder.path)
    return (paths?.compactMap { $0 as? String } ?? []).map { folder.appending(path: $0) }
  }

  /// Whether a process has the file's `flock`; trying takes it, shared, for a moment. Over NFS an
  /// exclusive one needs a file that is open for writing.
  private static func isLocked(file: URL) -> Bool {
    let descriptor = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }
}
