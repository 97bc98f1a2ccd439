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

  /// What `export.json` says.
  struct Description: Encodable {
    struct File: Encodable {
      let name: String
      let replica: Int
      let maskReplica: Int
      let firstBlock: Int
      let blocks: Int
      let sequences: Int
      let positions: Int
      var tensors: [String: [Int]]
    }

    let format: String
    let fingerprint: String
    let specification: CacheSpecification
    var files: [File] = []
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
    if layout == .safetensors && specification.target.tail == .hidden {
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

  private func writeDecoder(_ url: URL) throws {
    let decoder = try reader.readDecoder()
    let rows = decoder.bias.count
    try SafetensorsWriter.write(
      [
        .init(
          name: "weight", shape: [rows, decoder.weight.count / max(rows, 1)],
          floats: decoder.weight),
        .init(name: "bias", shape: [rows], floats: decoder.bias),
      ], to: url)
  }

  private func tensors(_ group: BlockGroup, _ url: URL) throws -> Description.File {
    var (lengths, tokens, rows, topIDs): ([Int32], [Int32], [Int32], [Int32]) = ([], [], [], [])
    var (topLogits, scalars, hidden, states): ([Float], [Float], [Float], [Float]) =
      ([], [], [], [])
    var auditRows: [Int32] = []
    var auditLogits: [Float] = []
    for number in group.firstBlock..<group.firstBlock + group.blocks {
      let decoded = try decoded(number, group)
      let firstRow = rows.count / 2
      rows += decoded.rows(firstSequence: lengths.count)
      lengths += decoded.block.lengths
      tokens += decoded.block.tokenIDs
      topIDs += decoded.block.headIDs
      topLogits += decoded.block.headLogits
      scalars += decoded.tailScalars
      if let rows = decoded.block.hidden { hidden += DecodedBlock.floats(rows) }
      if let rows = decoded.block.states { states += DecodedBlock.floats(rows) }
      for row in decoded.audit {
        auditRows.append(Int32(firstRow + row.row))
        auditLogits += row.logits
      }
    }
    let count = rows.count / 2
    var tensors: [SafetensorsWriter.Tensor] = [
      .init(name: "token_ids", shape: [tokens.count], integers: tokens),
      .init(name: "lengths", shape: [lengths.count], integers: lengths),
      .init(name: "rows", shape: [count, 2], integers: rows),
    ]
    func add(_ name: String, _ values: [Float], width: Int) {
      if !values.isEmpty {
        tensors.append(
          .init(name: name, shape: [values.count / width, width], floats: values))
      }
    }
    let k = reader.specification.target.headK
    if !topIDs.isEmpty {
      tensors.append(.init(name: "top_ids", shape: [count, k], integers: topIDs))
    }
    add("top_logits", topLogits, width: k)
    add("tail_scalars", scalars, width: 5)
    add("decoder_input", hidden, width: reader.specification.teacher.hiddenSize)
    add("states", states, width: reader.specification.teacher.hiddenSize)
    if !auditRows.isEmpty {
      tensors.append(.init(name: "audit_rows", shape: [auditRows.count], integers: auditRows))
    }
    add("audit_logits", auditLogits, width: reader.specification.vocabSize)
    try SafetensorsWriter.write(tensors, to: url)
    return file(
      group, url, sequences: lengths.count, positions: count,
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
    let (k, width) = (
      reader.specification.target.headK, reader.specification.teacher.hiddenSize
    )
    var sequences = 0
    var positions = 0
    for number in group.firstBlock..<group.firstBlock + group.blocks {
      let decoded = try decoded(number, group)
      let block = decoded.block
      let scalars = decoded.tailScalars
      let hidden = block.hidden.map(DecodedBlock.floats) ?? []
      let states = block.states.map(DecodedBlock.floats) ?? []
      var text = ""
      var token = 0
      for (index, length) in block.lengths.enumerated() {
        let rows = Int(block.rowStarts[index])..<Int(block.rowStarts[index + 1])
        func matrix<Value>(_ values: [Value], _ width: Int) -> String {
          JSONText.list(
            rows.map { row in
              JSONText.list(values[row * width..<(row + 1) * width].map { "\($0)" })
            })
        }
        var fields = [
          "\"block\":\(number)", "\"sequence\":\(index)", "\"replica\":\(group.replica)",
          "\"token_ids\":"
            + JSONText.list(block.tokenIDs[token..<token + Int(length)].map { "\($0)" }),
          "\"positions\":" + JSONText.list(block.positions[rows].map { "\($0)" }),
        ]
        if k > 0 {
          fields.append("\"top_ids\":" + matrix(block.headIDs, k))
          fields.append("\"top_logits\":" + matrix(block.headLogits, k))
        }
        if !scalars.isEmpty { fields.append("\"tail_scalars\":" + matrix(scalars, 5)) }
        if !hidden.isEmpty { fields.append("\"decoder_input\":" + matrix(hidden, width)) }
        if !states.isEmpty { fields.append("\"states\":" + matrix(states, width)) }
        text += "{" + fields.joined(separator: ",") + "}\n"
        token += Int(length)
        positions += rows.count
      }
      sequences += block.lengths.count
      try handle.write(contentsOf: Data(text.utf8))
    }
    return file(group, url, sequences: sequences, positions: positions, tensors: [:])
  }
}

/// Numbers as JSON.
private enum JSONText {
  static func list(_ items: some Sequence<String>) -> String {
    "[" + items.joined(separator: ",") + "]"
  }
}
