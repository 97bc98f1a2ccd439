package import Foundation

/// Writes a corpus as flat files of token IDs, in the layouts of other trainers.
///
/// Memory is that of one block and, for Megatron, 20 bytes a sequence.
package struct CorpusExport {
  /// What the files look like; `docs/FORMAT.md` describes them.
  package enum Layout: String, CaseIterable, Sendable {
    /// Megatron-LM's indexed dataset: `.bin` and `.idx`.
    case megatron
    /// IDs one after the other, without a header.
    case flat
    /// llm.c's header of 256 int32, then IDs.
    case llmc = "llm.c"
  }

  private let corpus: TokenizedCorpus
  private let layout: Layout
  private let keepsSpecialTokens: Bool

  /// Prepares an export, with or without `[CLS]` and `[SEP]` of the sequences.
  package init(corpus: TokenizedCorpus, layout: Layout, keepsSpecialTokens: Bool = true) {
    self.corpus = corpus
    self.layout = layout
    self.keepsSpecialTokens = keepsSpecialTokens
  }

  /// Bytes of an ID in the files.
  private var idBytes: Int { CorpusLayout.idBytes(vocabSize: corpus.manifest.vocabSize) }

  /// Tokens that are written.
  private var tokens: Int {
    corpus.manifest.tokens - (keepsSpecialTokens ? 0 : 2 * corpus.manifest.sequences)
  }

  /// Writes the files; those of the same names are replaced when all is written.
  ///
  /// - Parameters:
  ///   - prefix: The files' path without `.bin`, `.idx` and `.json`; folders above it are made.
  ///   - progress: Receives the number of blocks written, after each.
  /// - Returns: the files.
  /// - Throws: `CorpusError.unwritable`, `.invalidOption` (more tokens than the layout can count);
  ///   as `TokenizedCorpus.block` for damage; `ShardStoreError.diskFull`.
  package func write(to prefix: URL, progress: (Int) -> Void = { _ in }) throws -> [URL] {
    if layout == .llmc, tokens > Int(Int32.max) {
      throw CorpusError.invalidOption(
        name: "format", value: "llm.c for \(tokens) tokens",
        allowed: "flat or megatron, since llm.c counts to \(Int32.max)")
    }
    let folder = prefix.deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw CorpusError.unwritable(path: folder.path, reason: error.localizedDescription)
    }
    let ids = try ExportFile(prefix.appendingSuffix(".bin"))
    var lengths: [Int32] = []
    if layout == .llmc { try ids.write(llmcHeader) }
    for number in 0..<corpus.blockCount {
      let block = try corpus.block(number)
      for index in 0..<block.count {
        let all = block.sequence(index)
        let sequence = keepsSpecialTokens ? all : all.dropFirst().dropLast()
        lengths.append(Int32(sequence.count))
        try write(sequence, to: ids)
      }
      progress(number + 1)
    }
    var files = [ids]
    if layout == .megatron {
      let index = try ExportFile(prefix.appendingSuffix(".idx"))
      try MegatronIndex(lengths: lengths, idBytes: idBytes).write(to: index)
      files.append(index)
    }
    let description = try ExportFile(prefix.appendingSuffix(".json"))
    try description.write(try sidecar(digest: ids.finish(), sequences: lengths.count))
    files.append(description)
    for file in files { try file.commit() }
    return files.map(\.url)
  }

  private func write(_ sequence: ArraySlice<Int32>, to file: ExportFile) throws {
    if idBytes == 2 {
      try sequence.map { UInt16(truncatingIfNeeded: $0).littleEndian }
        .withUnsafeBytes(file.write)
    } else {
      try sequence.map(\.littleEndian).withUnsafeBytes(file.write)
    }
  }

  /// Magic, version and number of tokens, in 256 int32.
  private var llmcHeader: [UInt8] {
    var header = [Int32](repeating: 0, count: 256)
    header[0] = idBytes == 2 ? 20_240_520 : 20_240_801
    header[1] = idBytes == 2 ? 1 : 7
    header[2] = Int32(tokens)
    return header.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
  }

  /// What the files cannot say themselves.
  private struct Sidecar: Encodable {
    let format: String
    let dtype: String
    let tokens: Int
    let sequences: Int
    let specialTokens: Bool
    let vocabSize: Int
    let vocabularyDigest: String?
    let tokenizerDigest: String
    let corpusDigest: String
    let binDigest: String
  }

  private func sidecar(digest: String, sequences: Int) throws -> [UInt8] {
    let manifest = corpus.manifest
    let wide = layout == .llmc ? "uint32" : "int32"
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let text = try encoder.encode(
      Sidecar(
        format: layout.rawValue, dtype: idBytes == 2 ? "uint16" : wide, tokens: tokens,
        sequences: sequences, specialTokens: keepsSpecialTokens, vocabSize: manifest.vocabSize,
        vocabularyDigest: manifest.vocabularyDigest, tokenizerDigest: manifest.tokenizerDigest,
        corpusDigest: manifest.digest, binDigest: digest))
    return [UInt8](text) + [0x0A]
  }
}

extension URL {
  /// The path with something after its last component.
  fileprivate func appendingSuffix(_ suffix: String) -> URL {
    deletingLastPathComponent().appending(path: lastPathComponent + suffix)
  }
}
