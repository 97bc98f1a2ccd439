import Corpus
import Foundation
import LogitCache
import ShardStore

/// The rows of an import's files, as a cache keeps them.
extension CacheImport {
  /// The streams of a file's blocks.
  func encode(_ file: ImportFile, _ tables: CacheTables) throws -> [[NamedStream]] {
    let (group, rows) = try read(file)
    var first = 0
    return try group.targets.map { target in
      let encoder = try SoftTargetEncoder(
        specification: specification, tables: tables, block: target)
      for row in 0..<encoder.rowCount {
        try add(row, from: first + row, of: rows, to: encoder)
      }
      first += encoder.rowCount
      return encoder.finish()
    }
  }

  /// A file's soft targets, and the sequences of the corpus that they belong to.
  func read(_ file: ImportFile) throws -> (MaskedGroup, ImportFile.Rows) {
    let group = try MaskedGroup(
      BlockGroup(replica: file.replica, firstBlock: file.firstBlock, blocks: file.blocks),
      corpus: corpus, rule: rule)
    try file.check(group)
    let rows = try file.rows(
      vocabSize: specification.vocabSize, step: specification.target.step,
      wantsStates: wantsStates)
    let width = specification.teacher.hiddenSize
    if wantsStates && rows.width != width {
      throw LogitCacheError.badImport(
        file: file.url.path, reason: "'states' are \(rows.width) wide, the teacher \(width).")
    }
    return (group, rows)
  }

  private func add(
    _ row: Int, from source: Int, of rows: ImportFile.Rows, to encoder: SoftTargetEncoder
  ) throws {
    try rows.withRow(source) { ids, logits, tail in
      guard wantsStates else {
        return try encoder.add(row: row, headIDs: ids, headLogits: logits, tail: tail)
      }
      try rows.states[source * rows.width..<(source + 1) * rows.width].withUnsafeBufferPointer {
        try encoder.add(row: row, headIDs: ids, headLogits: logits, tail: tail, state: $0)
      }
    }
  }

  /// Files of which a sample is taken, and rows of each, evenly.
  private static let (sampledFiles, sampledRows) = (8, 1024)

  /// The codes and the order of tokens that fit the files' own rows.
  func makeTables() throws -> CacheTables {
    let sample = TargetSample(
      target: specification.target, vocabSize: specification.vocabSize,
      hiddenSize: specification.teacher.inputSize)
    let fileCount = min(files.count, Self.sampledFiles)
    var number = 0
    for index in 0..<fileCount {
      let (_, rows) = try read(files[index * files.count / fileCount])
      let count = min(rows.count, Self.sampledRows)
      for row in 0..<count {
        try rows.withRow(row * rows.count / count) { ids, logits, tail in
          try sample.add(row: number, headIDs: ids, headLogits: logits, tail: tail)
        }
        number += 1
      }
    }
    return try CacheTables(
      specification: specification, samples: [sample], corpusCounts: tokenCounts, decoder: nil)
  }
}
