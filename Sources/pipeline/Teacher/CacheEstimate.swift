import Console
import Corpus
import Foundation
import LogitCache
import TeacherCaching

/// What a teacher pass will cost, from one measured block.
struct CacheEstimate {
  /// Positions that will keep a target, over all replicas.
  let rows: Int
  /// Bytes of the whole cache, about.
  let bytes: Int
  /// Seconds of the whole pass, about.
  let seconds: Double

  /// Runs the teacher over the corpus's middle block, which is like the others.
  ///
  /// - Parameters:
  ///   - pass: The pass.
  ///   - corpus: What the teacher reads.
  /// - Throws: What reading the corpus and running the teacher throw.
  init(pass: TeacherPass, corpus: TokenizedCorpus) throws {
    let specification = pass.specification
    let number = corpus.blockCount / 2
    let sample = try corpus.block(number)
    let tokens = corpus.manifest.tokens * specification.replicas
    // The first run takes memory and warms the processor; the second is measured.
    _ = try pass.encode(block: number, replica: 0) { _ in [] }
    let start = ContinuousClock.now
    let encoder = try pass.encode(block: number, replica: 0) { _ in [] }
    let elapsed = (ContinuousClock.now - start).seconds
    let share = Double(tokens) / Double(sample.tokenIDs.count)
    seconds = elapsed * share
    rows = Int(Double(encoder.rowCount) * share)
    bytes = CacheSize.bytes(
      specification,
      sampleBytes: try CacheSize.storedBytes(encoder.finish()).values.reduce(0, +), share: share)
  }

  /// One line for the terminal.
  var text: String {
    "about \(Format.count(rows)) positions, \(Format.bytes(bytes)), "
      + "\(Format.duration(seconds)) of the teacher"
  }
}
