import Console
import Corpus
import Foundation
import Kernels
import LogitCache

/// Runs the teacher again on a few sequences of a cache and compares.
struct LiveCheck {
  let cache: CacheShards
  let source: CacheRepair.Source
  /// The largest difference of a logit that is no error; nil for 1.5 steps of what is kept.
  let tolerance: Double?

  private struct Place: Hashable {
    let shard: Int
    let block: Int
  }

  /// Compares the blocks of so many sequences; the numbers of a sequence depend on its batch, so whole
  /// blocks are run.
  ///
  /// - Returns: What to tell.
  /// - Throws: `CommandFailure` past the tolerance.
  func run(sequences: Int, quiet: Bool) throws -> String {
    let places = places(sequences: sequences)
    let bar = ProgressBar("live", quiet: quiet)
    let scratch = FileManager.default.temporaryDirectory.appending(path: "live-\(UUID())")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    var equal = 0
    var largest = 0.0
    var step = 0.0
    var (changed, tokens) = (0, 0)
    var streams: Set<String> = []
    var kernels: Set<String> = []
    for (done, place) in places.enumerated() {
      let (replica, firstBlock, blocks) = cache.position(ofShard: place.shard)
      let computed = try source.block(firstBlock + place.block, replica) {
        cache.specification.auditRows(block: place.block, blocks: blocks, rows: $0)
      }
      let comparison = try LiveComparison(
        cache, shard: place.shard, block: place.block, computed: computed, scratch: scratch)
      if comparison.differingStreams.isEmpty { equal += 1 }
      if !comparison.differingStreams.isEmpty {
        kernels.formUnion(cache.kernels(ofShard: place.shard))
      }
      streams.formUnion(comparison.differingStreams)
      largest = max(largest, comparison.largestDifference ?? 0)
      step = max(step, comparison.quantisation ?? 0)
      changed += comparison.changedTokens
      tokens += comparison.tokens
      bar.update(Double(done + 1) / Double(places.count), "block \(done + 1)/\(places.count)")
    }
    bar.clear()
    let head = "live: \(equal) of \(places.count) blocks have the same bytes"
    if streams.isEmpty { return head }
    let text =
      "\(head); others differ in \(streams.sorted().joined(separator: ", ")), by "
      + "\(Format.fixed(largest, 4)) of a logit at most"
      + (tokens > 0 ? "; \(changed) of \(tokens) kept tokens are others" : "")
      + Self.text(kernels)
    // Audit rows are not quantised: their sums are of single precision.
    let tolerance = tolerance ?? max(1.5 * step, 0.01)
    if largest > tolerance {
      throw CommandFailure(
        "\(cache.folder.path): \(text); more than \(Format.fixed(tolerance, 4)). Check that the teacher "
          + "is the one that wrote the cache")
    }
    return text
  }

  /// What other kernels explain.
  private static func text(_ written: Set<String>) -> String {
    let others = written.filter { $0 != KernelSet.name }.sorted()
    if others.isEmpty { return "" }
    return "; written with \(others.joined(separator: " and ")), here is \(KernelSet.name), which "
      + "gives other last bits"
  }

  /// The sealed blocks of sequences that are spread evenly, each once.
  private func places(sequences: Int) -> [Place] {
    let sealed = cache.sealed
    let blocks = sealed.flatMap { shard in
      (0..<cache.position(ofShard: shard).blocks).map { Place(shard: shard, block: $0) }
    }
    // Blocks have 128 sequences but the last, so even over the blocks is even over the sequences.
    let count = min(sequences, blocks.count * CorpusLayout.blockSequences)
    var places: [Place] = []
    for number in 0..<count {
      let place = blocks[(2 * number + 1) * blocks.count / (2 * count)]
      if places.last != place { places.append(place) }
    }
    return places
  }
}
