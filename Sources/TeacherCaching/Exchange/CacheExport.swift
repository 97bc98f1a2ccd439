import Corpus
package import Foundation
package import LogitCache
import Transformer

/// Writes a cache as files that other programs read.
package struct CacheExport {
  /// The files' format.
  package enum Layout: String, CaseIterable, Sendable {
    /// Tensors, one file for some blocks.
    case safetensors
    /// One line a sequence, one file a shard.
    case jsonl
  }

  private let reader: CacheReader
  private let layout: Layout

  /// An export of a complete cache.
  package init(_ reader: CacheReader, layout: Layout) {
    self.reader = reader
    self.layout = layout
  }

  /// Writes the folder, whole or not at all.
  ///
  /// - Parameters:
  ///   - folder: A new one.
  ///   - blocksPerFile: Blocks in a file of tensors at most, 1 or more.
  ///   - progress: Receives the number of files written, of how many.
  /// - Returns: Number of files, `export.json` not counted.
  /// - Throws: `LogitCacheError`, `ShardStoreError`, `CorpusError`, `TransformerError`.
  @discardableResult
  package func write(
    to folder: URL, blocksPerFile: Int, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> Int {
    precondition(blocksPerFile > 0, "\(blocksPerFile) blocks in a file")
    let staging = try StagingFolder(destination: folder)
    let specification = reader.specification
    let groups = BlockGroup.all(
      blocksPerShard: specification.blocksPerShard, replicas: specification.replicas,
      blocksPerFile: layout == .jsonl ? .max : blocksPerFile)
    var description = Description(
      format: layout.rawValue, fingerprint: reader.manifest.fingerprint,
      specification: specification)
    for (index, group) in groups.enumerated() {
      let name = group.name("targets") + (layout == .jsonl ? ".jsonl" : ".safetensors")
      let url = staging.url.appending(path: name)
      description.files.append(
        try layout == .jsonl ? lines(group, url) : tensors(group, url))
      progress(index + 1, groups.count)
    }
    if layout == .safetensors {
      try writeDecoder(staging.url.appending(path: "decoder.safetensors"))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try encoder.encode(description).write(to: staging.url.appending(path: "export.json"))
    try staging.commit()
    return groups.count
  }

  private func decoded(_ block: Int, _ group: BlockGroup) throws -> DecodedBlock {
    DecodedBlock(
      block: try reader.readBlock(block, replica: group.replica),
      audit: try reader.auditRows(block: block, replica: group.replica))
  }

  /// What makes logits of hidden rows or coefficients; no file where the cache keeps neither.
  private func writeDecoder(_ url: URL) throws {
    let specification = reader.specification
    let rows = specification.vocabSize
    var tensors: [SafetensorsWriter.Tensor] = []
    func add(_ name: String, _ values: [Float], _ width: Int? = nil) {
      let shape = width.map { [values.count / $0, $0] } ?? [values.count]
      tensors.append(.init(name: name, shape: shape, floats: values))
    }
    if specification.targets.contains(where: { $0.tail == .hidden }) {
      let decoder = try reader.readDecoder()
      add("weight", decoder.weight, decoder.weight.count / rows)
      add("bias", decoder.bias)
    }
    for (index, target) in specification.targets.enumerated() where target.tail == .lowrank {
      let decoder = try reader.readLowRankDecoder(ofClass: index)
      let prefix = StreamName.prefix(ofClass: index) + "lowrank_"
      add(prefix + "weight", decoder.weight, decoder.components)
      add(prefix + "bias", decoder.bias)
      add(prefix + "variances", decoder.variances)
      add(prefix + "noise", decoder.noise)
    }
    if !tensors.isEmpty { try SafetensorsWriter.write(tensors, to: url) }
  }

  private func tensors(_ group: BlockGroup, _ url: URL) throws -> Description.File {
    var all = ExportTensors(reader.specification)
    for number in group.firstBlock..<group.firstBlock + group.blocks {
      all.add(try decoded(number, group))
    }
    let tensors = all.all()
    try SafetensorsWriter.write(tensors, to: url)
    return file(
      group, url, sequences: all.sequenceCount, positions: all.rowCount,
      tensors: Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.shape) }))
  }

  private func file(
    _ group: BlockGroup, _ url: URL, sequences: Int, positions: Int, tensors: [String: [Int]]
  ) -> Description.File {
    Description.File(
      name: url.lastPathComponent, replica: group.replica,
      maskReplica: reader.specification.maskReplica(group.replica), firstBlock: group.firstBlock,
      blocks: group.blocks, sequences: sequences, positions: positions, tensors: tensors)
  }

  private func lines(_ group: BlockGroup, _ url: URL) throws -> Description.File {
    guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
      throw CorpusError.unwritable(path: url.path, reason: "the file cannot be made")
    }
    let handle = try FileHandle(forWritingTo: url)
    defer { try? handle.close() }
    var sequences = 0
    var positions = 0
    for number in group.firstBlock..<group.firstBlock + group.blocks {
      let decoded = try decoded(number, group)
      let text = ExportLines(
        decoded: decoded, number: number, replica: group.replica,
        teacher: reader.specification.teacher
      ).text()
      sequences += decoded.block.lengths.count
      positions += decoded.block.rowCount
      do {
        try handle.write(contentsOf: Data(text.utf8))
      } catch {
        throw CorpusError.unwritable(path: url.path, reason: error.localizedDescription)
      }
    }
    return file(group, url, sequences: sequences, positions: positions, tensors: [:])
  }
}
