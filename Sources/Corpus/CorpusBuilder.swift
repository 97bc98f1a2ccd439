package import Foundation
import Crypto
import ShardStore
package import Tokenizer

/// How far a build has come.
package struct CorpusProgress: Sendable {
  /// Bytes read from the inputs, compressed where they are.
  package var bytesRead: Int
  /// Bytes of all inputs.
  package var bytesTotal: Int
  /// Sequences made so far.
  package var sequences: Int
  /// Tokens made so far, `[CLS]` and `[SEP]` included.
  package var tokens: Int
}

/// What a build ended with.
package struct CorpusBuildResult: Sendable {
  /// The manifest of the corpus in the folder.
  package var manifest: CorpusManifest
  /// Whether the folder already held exactly this corpus, so that nothing was done.
  package var isReused: Bool
}

/// Makes a tokenized corpus out of text files.
///
/// Each document is tokenized and its IDs cut into sequences `[CLS] … [SEP]` of at most `maxLength`
/// tokens. Documents are never in one sequence, unless `mixDocuments` says so: then the IDs of
/// consecutive documents of a file are joined without a separator (as `run_mlm.py` and DistilBERT
/// do) before they are cut. Nothing is dropped but documents without tokens, which are counted.
///
/// Equal text, tokenizer and options give equal bytes.
package struct CorpusBuilder: Sendable {
  private let tokenizer: WordPieceTokenizer
  private let options: CorpusOptions
  private let isStrict: Bool
  private let header: CorpusHeader

  /// Prepares a build.
  ///
  /// - Parameters:
  ///   - tokenizer: What turns text into IDs; copied into the corpus folder.
  ///   - options: How the text is cut.
  ///   - strict: Whether text that is not UTF-8 is an error; otherwise it is repaired and counted.
  /// - Throws: `CorpusError.invalidOption`.
  package init(
    tokenizer: WordPieceTokenizer, options: CorpusOptions = CorpusOptions(), strict: Bool = false
  ) throws {
    try options.validate()
    self.tokenizer = tokenizer
    self.options = options
    isStrict = strict
    let special = tokenizer.specialTokens
    header = CorpusHeader(
      tokenizerDigest: tokenizer.corpusDigest, vocabSize: tokenizer.vocabularySize,
      specialTokens: CorpusManifest.SpecialTokenIDs(
        pad: special.padID, unknown: special.unknownID, classify: special.classifyID,
        separator: special.separatorID, mask: special.maskID),
      maxLength: options.maxLength)
  }

  /// Builds the corpus into a folder, or finds it there.
  ///
  /// The work is done in a folder beside it, which is renamed at the end; after an error nothing is
  /// left of it. A finished corpus of the same text, tokenizer and options is reused; anything else
  /// in the folder is an error.
  ///
  /// - Parameters:
  ///   - inputs: Text files and folders of them, in order.
  ///   - folder: The corpus's folder; the folders above it are made where they are missing.
  ///   - progress: Called now and then on the calling thread.
  /// - Throws: `CorpusError`; `ShardStoreError` where the result cannot be written, such as on a full
  ///   disk; the tokenizer's error where its files cannot be.
  package func build(
    inputs: [URL], into folder: URL, progress: (CorpusProgress) -> Void = { _ in }
  ) throws -> CorpusBuildResult {
    let files = try TextFile.list(inputs)
    let folder = folder.standardizedFileURL
    if let manifest = try existing(in: folder, files: files) {
      return CorpusBuildResult(manifest: manifest, isReused: true)
    }
    let staging = try StagingFolder(destination: folder)
    do {
      let manifest = try write(files, into: staging.url, progress: progress)
      try staging.commit()
      return CorpusBuildResult(manifest: manifest, isReused: false)
    } catch {
      staging.discard()
      throw error
    }
  }

  /// The finished corpus in the way, where it is the same; nil where the folder is free.
  private func existing(in folder: URL, files: [TextFile]) throws -> CorpusManifest? {
    guard FileManager.default.fileExists(atPath: folder.path) else { return nil }
    let contents = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    guard contents != [] else { return nil }
    guard contents?.contains(CorpusManifest.fileName) == true else {
      throw CorpusError.folderOccupied(folder: folder.path)
    }
    let manifest = try TokenizedCorpus.open(folder: folder).manifest
    var differences = options.differences(from: manifest.options)
    if manifest.tokenizerDigest != header.tokenizerDigest {
      differences.append("tokenizer")
    }
    if manifest.sources.count != files.count {
      differences.append("inputs (\(files.count) files, there \(manifest.sources.count))")
    } else {
      for (file, source) in zip(files, manifest.sources) {
        let (digest, bytes) = try FileSource.digest(path: file.path)
        guard digest != source.digest || bytes != source.bytes || file.formatName != source.format
        else { continue }
        differences.append("input '\(file.name)' (there '\(source.name)', \(source.bytes) bytes)")
      }
    }
    if isStrict && manifest.repairedUTF8 > 0 {
      differences.append(
        "text that is not UTF-8 (\(manifest.repairedUTF8) places repaired there, strict now)")
    }
    guard differences.isEmpty else {
      throw CorpusError.differentCorpus(folder: folder.path, differences: differences)
    }
    return manifest
  }

  private func write(
    _ files: [TextFile], into folder: URL, progress: (CorpusProgress) -> Void
  ) throws -> CorpusManifest {
    var pass = TextPass(
      tokenizer: tokenizer, options: options,
      output: CorpusShardWriter(folder: folder, header: header, options: options))
    var state = CorpusProgress(
      bytesRead: 0, bytesTotal: files.reduce(0) { $0 + $1.bytes }, sequences: 0, tokens: 0)
    var sources: [CorpusManifest.Source] = []
    var repaired = 0
    for file in files {
      let source = try TextSource(
        file: file, unit: options.documentUnit, jsonField: options.jsonField, strict: isStrict)
      let before = state.bytesRead
      try source.forEachEvent { event in
        try pass.take(event)
        // Per file read, not per line: a read is some hundred kilobytes.
        if before + source.bytesRead != state.bytesRead {
          state.bytesRead = before + source.bytesRead
          state.sequences = pass.output.sequences
          state.tokens = pass.output.tokens
          progress(state)
        }
      }
      try pass.endFile()
      repaired += source.repairedCount
      sources.append(
        CorpusManifest.Source(
          name: file.name, format: file.formatName, bytes: source.bytesRead, digest: source.digest))
      state.bytesRead = before + source.bytesRead
    }
    guard pass.output.sequences > 0 else {
      throw CorpusError.emptyCorpus(files: files.map(\.path), emptyDocuments: pass.emptyDocuments)
    }
    let digest = try pass.output.finish()
    state.sequences = pass.output.sequences
    state.tokens = pass.output.tokens
    progress(state)
    try tokenizer.save(to: folder.appending(path: CorpusLayout.tokenizerFolder))
    let manifest = CorpusManifest(
      formatVersion: CorpusManifest.currentVersion, tokenizerDigest: header.tokenizerDigest,
      vocabSize: header.vocabSize, specialTokens: header.specialTokens, options: options,
      sources: sources, documents: pass.documents, emptyDocuments: pass.emptyDocuments,
      sequences: pass.output.sequences, tokens: pass.output.tokens,
      unknownTokens: pass.output.unknownTokens, repairedUTF8: repaired,
      lengthHistogram: pass.output.lengthHistogram, shards: pass.output.shards, digest: digest)
    try manifest.write(folder: folder)
    return manifest
  }
}

extension WordPieceTokenizer {
  /// SHA-256 of all that determines tokenization, in hexadecimal.
  package var corpusDigest: String {
    Hexadecimal.text(SHA256.hash(data: canonicalDescription))
  }
}
