package import Foundation
import ShardStore

/// A run that uses a cache: `references/<digest of machine and path>.json` in the cache's folder.
///
/// The run's folder is given as a path, and from the cache's folder as well, for a disk that is mounted
/// elsewhere. Where neither is there, only the machine that ran it can say that the run is gone.
package struct CacheReference: Codable, Hashable, Sendable {
  /// What can be said of a run from here.
  package enum Standing: Hashable, Sendable {
    /// Its folder is there.
    case there
    /// Its folder was on this machine, and is not there any more.
    case gone
    /// Its folder is not seen from here; it may be on the machine that ran it.
    case elsewhere
  }

  /// The absolute path of the run's folder.
  package var run: String
  /// The same from the cache's folder.
  package var runFromCache: String
  /// When the run began, ISO 8601.
  package var date: String
  /// The name of the machine that ran it; nil in references of older versions.
  package var host: String?

  private static let folderName = "references"

  /// Leaves a reference in a cache; one that is there stays as it is.
  ///
  /// - Parameters:
  ///   - run: The run's folder.
  ///   - cache: The cache's folder.
  ///   - date: When the run began.
  ///   - host: The machine's name.
  /// - Throws: `ShardStoreError` where it cannot be written.
  package static func leave(
    run: URL, in cache: URL, date: Date = Date(), host: String = HostName.current
  ) throws {
    let path = run.standardizedFileURL.resolvingSymlinksInPath().path
    let folder = cache.appending(path: folderName)
    // Two machines may each have a folder of that path.
    let file = Self.file("\(host)\n\(path)", in: folder)
    if FileManager.default.fileExists(atPath: file.path) { return }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw ShardStoreError.notWritten(file: folder.path, reason: error.localizedDescription)
    }
    let reference = CacheReference(
      run: path,
      runFromCache: relative(path, to: cache.standardizedFileURL.resolvingSymlinksInPath().path),
      date: date.formatted(.iso8601), host: host)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(reference), to: file)
    // An older version's reference of the same run says nothing more.
    let older = Self.file(path, in: folder)
    if Self.read(older)?.run == path { try? FileManager.default.removeItem(at: older) }
  }

  private static func file(_ named: String, in folder: URL) -> URL {
    folder.appending(path: "\(ContentDigest.bytes(Array(named.utf8))).json")
  }

  private static func read(_ file: URL) -> CacheReference? {
    guard let data = try? AtomicFile.read(file, mostBytes: 1 << 20) else { return nil }
    return try? JSONDecoder().decode(CacheReference.self, from: data)
  }

  /// The references of a cache, by date; what cannot be read counts as a run that nobody knows, so
  /// that nothing is deleted because of it.
  package static func all(in cache: URL) -> [CacheReference] {
    let folder = cache.appending(path: folderName)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".json") }.sorted().map { name in
      let file = folder.appending(path: name)
      return read(file)
        ?? CacheReference(run: file.path, runFromCache: "", date: "unreadable")
    }.sorted { ($0.date, $0.run) < ($1.date, $1.run) }
  }

  /// Whether the run's folder is there, seen from a cache's folder on this machine.
  package func standing(cache: URL) -> Standing {
    let files = FileManager.default
    let isThere =
      files.fileExists(atPath: run)
      || (!runFromCache.isEmpty
        && files.fileExists(
          atPath: cache.resolvingSymlinksInPath().appending(path: runFromCache)
            .standardizedFileURL.path))
    return isThere ? .there : host == HostName.current ? .gone : .elsewhere
  }

  /// A path as one goes there from another.
  private static func relative(_ path: String, to base: String) -> String {
    let parts = path.split(separator: "/")
    let from = base.split(separator: "/")
    let common = zip(parts, from).prefix { $0 == $1 }.count
    return (Array(repeating: "..", count: from.count - common) + parts[common...].map(String.init))
      .joined(separator: "/")
  }
}
