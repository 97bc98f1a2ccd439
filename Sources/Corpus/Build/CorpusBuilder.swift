package import Foundation
import Crypto
import ShardStore
package import Tokenizer

/// How far a build has come.
package struct CorpusProgress: Sendable {
  /// Bytes read from the inputs, compressed where they are.
  package var bytesRead = 0
  /// Bytes of all inputs; 0 where that is not known.
  package var bytesTotal = 0
  /// Bytes of text tokenized so far.
  package var textBytes = 0
  /// Sequences made so far.
  package var sequences = 0
  /// Tokens made so far, `[CLS]` and `[SEP]` included.
  package var tokens = 0
  /// Shards that an interrupted build had left.
  package var resumedShards = 0
}

/// What a build ended with.
package struct CorpusBuildResult: Sendable {
  /// The manifest of the corpus in the folder.
  package var manifest: CorpusManifest
  /// The manifest of the held-out corpus, where one was asked for.
  package var heldOut: CorpusManifest?
  /// Whether the folder already held exactly this corpus, so that nothing was done.
  package var isReused: Bool
  /// The first of the lines that were left out, where such lines are skipped.
  package var firstBadLines: [CorpusError] = []
}

/// Makes a tokenized corpus out of text.
///
/// Each document is tokenized and its IDs cut into sequences `[CLS] … [SEP]` of at most `maxLength`
/// tokens, at the places that `CorpusOptions.cut` allows. Documents are never in one sequence, unless
/// `mixDocuments` says so: then the IDs of consecutive documents of a file are joined without a
/// separator (as `run_mlm.py` and DistilBERT do) before they are cut. Nothing is dropped but documents
/// without tokens, and what options say is to be dropped; all of it is counted.
///
/// Equal text, tokenizer and options give equal bytes, on any number of threads, and however often
/// the build was killed and started again.
package struct CorpusBuilder: Sendable {
  private let tokenizer: WordPieceTokenizer
  private let options: CorpusOptions
  private let isStrict: Bool
  private let jobs: Int
  private let unitBytes: Int
  private let header: CorpusHeader

  /// Prepares a build.
  ///
  /// - Parameters:
  ///   - tokenizer: What turns text into IDs; copied into the corpus folder.
  ///   - options: How the text is cut.
  ///   - strict: Whether text that is not UTF-8 is an error; otherwise it is repaired and counted.
  ///   - jobs: Threads that tokenize and compress; reading and writing have one more each.
  ///   - unitBytes: Text that a thread takes at a time.
  /// - Throws: `CorpusError.invalidOption`.
  /// - Precondition: `jobs` and `unitBytes` are positive.
  package init(
    tokenizer: WordPieceTokenizer, options: CorpusOptions = CorpusOptions(), strict: Bool = false,
    jobs: Int = 1, unitBytes: Int = 1 << 20
  ) throws {
    precondition(jobs > 0 && unitBytes > 0, "a build needs a thread and text for it")
    try options.validate()
    self.tokenizer = tokenizer
    self.options = options
    isStrict = strict
    self.jobs = jobs
    self.unitBytes = unitBytes
    let special = tokenizer.specialTokens
    header = CorpusHeader(
      tokenizerDigest: tokenizer.corpusDigest, vocabSize: tokenizer.vocabularySize,
      specialTokens: CorpusManifest.SpecialTokenIDs(
        pad: special.padID, unknown: special.unknownID, classify: special.classifyID,
        separator: special.separatorID, mask: special.maskID),
      maxLength: options.maxLength)
  }

  /// Builds the corpus of files and folders; otherwise as `build(files:into:progress:)`.
  package func build(
    inputs: [URL], into folder: URL, progress: (CorpusProgress) -> Void = { _ in }
  ) throws -> CorpusBuildResult {
    try build(files: try TextFile.list(inputs), into: folder, progress: progress)
  }

  /// Builds the corpus into a folder, or finds it there.
  ///
  /// The work is done in a folder beside it, which is renamed at the end. After an error nothing is
  /// left of it; after a kill the next build of the same files, tokenizer and options goes on behind
  /// the last sealed shard (not where standard input is read). A finished corpus of the same text,
  /// tokenizer and options is reused; anything else in the folder is an error. The held-out corpus
  /// goes to a folder beside it whose name ends in `-held-out`.
  ///
  /// - Parameters:
  ///   - files: The inputs, in order.
  ///   - folder: The corpus's folder; the folders above it are made where they are missing.
  ///   - progress: Called now and then on the calling thread.
  /// - Returns: the manifests, and whether the corpus was there already.
  /// - Throws: `CorpusError`; `ShardStoreError` where the result cannot be written, such as on a full
  ///   disk; the tokenizer's error where its files cannot be.
  package func build(
    files: [TextFile], into folder: URL, progress: (CorpusProgress) -> Void = { _ in }
  ) throws -> CorpusBuildResult {
    let folder = folder.standardizedFileURL
    let heldOutFolder = CorpusBuilder.heldOutFolder(of: folder)
    let comparison = CorpusComparison(
      files: files, options: options, header: header, isStrict: isStrict)
    let heldOut =
      options.heldOut > 0 ? try comparison.existing(in: heldOutFolder, isHeldOut: true) : nil
    if let manifest = try comparison.existing(in: folder, isHeldOut: false) {
      guard options.heldOut == 0 || heldOut != nil else {
        throw CorpusError.differentCorpus(
          folder: folder.path,
          differences: ["the held-out corpus, which is not at '\(heldOutFolder.path)'"])
      }
      BuildFolder.removeAbandoned(folder)
      return CorpusBuildResult(manifest: manifest, heldOut: heldOut, isReused: true)
    }
    let destinations = options.heldOut > 0 ? [folder, heldOutFolder] : [folder]
    let fingerprint = try comparison.fingerprint(unitBytes: unitBytes)
    let staging = try BuildFolder(destinations: destinations, fingerprint: fingerprint)
    do {
      let result = try build(
        files, staging: staging, fingerprint: fingerprint, progress: progress)
      try staging.commit()
      return result
    } catch {
      staging.discard()
      throw error
    }
  }

  /// The folder of the held-out part of a corpus.
  package static func heldOutFolder(of folder: URL) -> URL {
    folder.deletingLastPathComponent().appending(path: folder.lastPathComponent + "-held-out")
  }

  private func build(
    _ files: [TextFile], staging: BuildFolder, fingerprint: String?,
    progress: (CorpusProgress) -> Void
  ) throws -> CorpusBuildResult {
    var resume: ResumedBuild?
    if let journal = staging.journal {
      resume = try? ResumedBuild(journal, files: staging.files, header: header)
      if resume == nil { try staging.startOver() }
    }
    let setting = CorpusBuild.Setting(
      files: files, options: options, header: header,
      plan: UnitTokenizer.Plan(tokenizer: tokenizer, options: options, isStrict: isStrict),
      limits: BuildLimits(unitBytes: unitBytes, unitsAhead: 2 * jobs + 1), jobs: jobs,
      staging: staging, fingerprint: fingerprint)
    let result = try CorpusBuild(setting, resume: resume)
      .run(open: resume?.openSequences ?? [], progress: progress)
    let journal = result.journal
    if journal.outputs.allSatisfy({ $0.sequences == 0 }) {
      throw CorpusError.emptyCorpus(
        files: files.map(\.path), emptyDocuments: journal.totals.emptyDocuments)
    }
    var manifests: [CorpusManifest] = []
    for (index, digest) in result.digests.enumerated() {
      guard journal.outputs[index].sequences > 0 else {
        throw CorpusError.emptyPart(
          folder: BuildFiles.outputNames[index], share: options.heldOut,
          documents: journal.outputs.reduce(0) { $0 + $1.documents })
      }
      manifests.append(
        try finish(index, journal: journal, digest: digest, folder: staging.files.output(index)))
    }
    return CorpusBuildResult(
      manifest: manifests[0], heldOut: manifests.dropFirst().first, isReused: false,
      firstBadLines: result.firstBadLines)
  }

  /// Adds the tokenizer and the manifest to a corpus whose shards are sealed.
  private func finish(
    _ index: Int, journal: BuildJournal, digest: String, folder: URL
  ) throws -> CorpusManifest {
    let kept = folder.appending(path: CorpusLayout.tokenizerFolder)
    try tokenizer.save(to: kept)
    let (output, totals) = (journal.outputs[index], journal.totals)
    let manifest = CorpusManifest(
      formatVersion: CorpusManifest.currentVersion, tokenizerDigest: header.tokenizerDigest,
      vocabSize: header.vocabSize, specialTokens: header.specialTokens, options: options,
      sources: journal.sources, documents: output.documents,
      emptyDocuments: totals.emptyDocuments, sequences: output.sequences, tokens: output.tokens,
      unknownTokens: output.unknownTokens, repairedUTF8: totals.repaired,
      lengthHistogram: output.lengthHistogram, shards: output.shards, digest: digest,
      vocabularyDigest: try FileSource.digest(path: kept.appending(path: "vocab.txt").path).digest,
      isHeldOut: options.heldOut > 0 ? index == 1 : nil,
      badLines: options.skipsBadLines ? totals.badLines : nil,
      duplicateDocuments: options.deduplicate ? totals.duplicates : nil,
      droppedTokens: options.onePerDocument ? output.packer.droppedTokens : nil)
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
