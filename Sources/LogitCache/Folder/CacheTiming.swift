import Foundation
import ShardStore

/// Seconds that the teacher took and the kernels that it ran on, one file a shard, beside the cache and
/// not part of its identity.
///
/// Written by whoever holds the shard's lock, so that processes do not overwrite each other's sums.
struct CacheTiming: Codable {
  var teacherSeconds: Double
  /// The sets of kernels that computed blocks of the shard, sorted; nil where that is not known.
  var kernels: [String]?

  private static let prefix = "timing-"

  /// Where the seconds of a shard lie.
  static func file(folder: URL, shard: Int) -> URL {
    let number = CacheFormat.shardName(shard).dropFirst("shard-".count)
    return folder.appending(path: "\(prefix)\(number).json")
  }

  /// Adds to a shard's seconds, and to its kernels.
  static func add(_ seconds: Double, kernels: String?, folder: URL, shard: Int) throws {
    let url = file(folder: folder, shard: shard)
    let before = read(url) ?? CacheTiming(teacherSeconds: 0)
    let all = Set(before.kernels ?? []).union(kernels.map { [$0] } ?? [])
    let timing = CacheTiming(
      teacherSeconds: before.teacherSeconds + seconds, kernels: all.isEmpty ? nil : all.sorted())
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try AtomicFile.write(try encoder.encode(timing), to: url)
  }

  /// The sets of kernels that computed a shard; none where that is not known.
  static func kernels(folder: URL, shard: Int) -> [String] {
    read(file(folder: folder, shard: shard))?.kernels ?? []
  }

  /// Takes the seconds of a shard with the shard.
  static func take(from source: URL, shard: Int, to folder: URL, shard number: Int) throws {
    guard let timing = read(file(folder: source, shard: shard)) else { return }
    try AtomicFile.write(
      try JSONEncoder().encode(timing), to: file(folder: folder, shard: number))
  }

  /// The sum over all shards; 0 where nothing was kept.
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
