package import Corpus
package import Foundation
package import LogitCache
import Transformer

/// Writes the corrupted sequences of a corpus for a teacher that runs in another program.
///
/// A folder of safetensors files, with whole blocks of one replica each; `docs/import.md` says what the
/// tensors are.
package struct TeacherInputs {
  private let corpus: TokenizedCorpus
  private let description: InputDescription
  private let rule: MaskingRule

  /// Joins a corpus and its masks.
  ///
  /// - Throws: `CorpusError`.
  package init(
    corpus: TokenizedCorpus, masks: MaskSpecification, positions: PositionSelection,
    otherShare: Double? = nil
  ) throws {
    self.corpus = corpus
    description = InputDescription(
      corpus: corpus.manifest, masks: masks, positions: positions, otherShare: otherShare)
    rule = description.rule(try Masker(masks, tokenCounts: corpus.tokenCounts()))
  }

  /// Writes the folder, whole or not at all.
  ///
  /// - Parameters:
  ///   - folder: A new one.
  ///   - blocksPerFile: Blocks of up to 128 sequences in a file at most, 1 or more.
  ///   - progress: Receives the number of files written, of how many.
  /// - Returns: Number of files.
  /// - Throws: `CorpusError`, `ShardStoreError`, `TransformerError`.
  @discardableResult
  package func write(
    to folder: URL, blocksPerFile: Int, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> Int {
    precondition(blocksPerFile > 0, "\(blocksPerFile) blocks in a file")
    let staging = try StagingFolder(destination: folder)
    let groups = BlockGroup.all(
      blocksPerShard: corpus.manifest.shards.map(\.blocks), replicas: description.masks.replicas,
      blocksPerFile: blocksPerFile)
    for (index, group) in groups.enumerated() {
      try SafetensorsWriter.write(
        tensors(group),
        to: staging.url.appending(path: group.name("inputs") + ".safetensors"))
      progress(index + 1, groups.count)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try encoder.encode(description).write(
      to: staging.url.appending(path: InputDescription.fileName))
    try staging.commit()
    return groups.count
  }

  private func tensors(_ group: BlockGroup) throws -> [SafetensorsWriter.Tensor] {
    let masked = try MaskedGroup(group, corpus: corpus, rule: rule)
    let count = masked.sequences.count
    let longest = masked.sequences.map(\.count).max() ?? 0
    var ids = [Int32](
      repeating: corpus.manifest.specialTokens.pad, count: count * longest)
    var attention = [Int32](repeating: 0, count: count * longest)
    for (index, sequence) in masked.sequences.enumerated() {
      ids.replaceSubrange(index * longest..<index * longest + sequence.count, with: sequence)
      for place in index * longest..<index * longest + sequence.count { attention[place] = 1 }
    }
    let shape = [count, longest]
    return [
      .init(name: "input_ids", shape: shape, integers: ids),
      .init(name: "attention_mask", shape: shape, integers: attention),
      .init(name: "rows", shape: [masked.rows.count / 2, 2], integers: masked.rows),
      .init(
        name: "place", shape: [3],
        integers: [Int32(group.replica), Int32(group.firstBlock), Int32(group.blocks)]),
    ]
  }
}

/// The corrupted sequences of a group and the rows that keep a target.
struct MaskedGroup {
  private(set) var sequences: [[Int32]] = []
  /// Sequence (from the group's first) and position of each row, one after the other.
  private(set) var rows: [Int32] = []
  /// The blocks, as the encoder takes them.
  private(set) var targets: [TargetBlock] = []

  init(_ group: BlockGroup, corpus: TokenizedCorpus, rule: MaskingRule) throws {
    for number in group.firstBlock..<group.firstBlock + group.blocks {
      let block = try corpus.block(number)
      let masked = MaskedBlock(
        (0..<block.count).map { block.sequence($0) }, rule: rule, replica: group.replica)
      for (index, sequence) in masked.corrupted.enumerated() {
        for row in masked.rowStarts[index]..<masked.rowStarts[index + 1] {
          rows += [Int32(sequences.count), masked.target.positions[row]]
        }
        sequences.append(sequence)
      }
      targets.append(masked.target)
    }
  }
}
