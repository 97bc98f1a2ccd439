import Foundation
import ShardStore

/// Seconds that the teacher took, one file a worker, beside the cache and not part of its identity.
struct CacheTiming: Codable {
  var teacherSeconds: Double

  private static let prefix = "timing-"

  /// Adds to a worker's seconds.
  static func add(_ seconds: Double, folder: URL, worker: Int) throws {
    let digits = "\(worker)"
    let name = prefix + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + ".json"
    let url = folder.appending(path: name)
    let before = read(url)?.teacherSeconds ?? 0
    try AtomicFile.write(
      try JSONEncoder().encode(CacheTiming(teacherSeconds: before + seconds)), to: url)
  }

  /// The sum over all workers; 0 where nothing was kept.
  static func total(folder: URL) -> Double {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasPrefix(prefix) && $0.hasSuffix(".json") }.sorted()
      .compactMap { read(folder.appending(path: $0))?.teacherSeconds }.reduce(0, +)
  }

  private static func read(_ url: URL) -> CacheTiming? {
    guard let data = try? Data(contentsOf: url) else { return nil }
    return try? JSONDecoder().decode(CacheTiming.self, from: data)
  }
}
