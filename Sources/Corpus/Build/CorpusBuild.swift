import Foundation
import ShardStore
import Tokenizer

/// One run of a build: joins tokenized units into sequences, in the order of the inputs.
///
/// The pool tokenizes and compresses, the queue writes, and this, on the calling thread, reads and
/// decides. So the result does not depend on the number of threads.
final class CorpusBuild {
  /// What the run was given.
  struct Setting {
    let files: [TextFile]
    let options: CorpusOptions
    let header: CorpusHeader
    let plan: UnitTokenizer.Plan
    let limits: BuildLimits
    let jobs: Int
    let staging: BuildFolder
    let fingerprint: String?
  }

  /// What the run ended with.
  struct Result {
    let journal: BuildJournal
    let digests: [String]
    let firstBadLines: [CorpusError]
  }

  /// Bad lines that are kept for the report.
  private static let reportedBadLines = 20
  /// IDs of the held-out corpus that wait in memory to be kept.
  private static let openLimit = 1 << 18

  private let setting: Setting
  private let pool: WorkerPool<UnitTokenizer>
  private let queue: ShardQueue
  private let outputs: [CorpusOutput]
  private var journal: BuildJournal
  private var seen: Set<DocumentHash> = []
  private var newHashes: [DocumentHash] = []
  private var openSequences: [Int32] = []
  private var openBytes = 0
  private var firstBadLines: [CorpusError] = []
  /// Where the run goes on; nil as soon as it has.
  private var resumed: BuildJournal.Place?

  /// Starts the threads; `resume` is what an interrupted build left, checked.
  init(_ setting: Setting, resume: ResumedBuild?) {
    self.setting = setting
    let options = setting.options
    let count = options.heldOut > 0 ? 2 : 1
    let empty = BuildJournal.Output(
      lengthHistogram: [Int](repeating: 0, count: options.maxLength + 1))
    journal =
      resume?.journal
      ?? BuildJournal(
        fingerprint: setting.fingerprint ?? "",
        outputs: [BuildJournal.Output](repeating: empty, count: count))
    resumed = resume?.journal.place
    let plan = setting.plan
    pool = WorkerPool(count: setting.jobs) { UnitTokenizer(plan) }
    queue = ShardQueue(files: setting.staging.files, header: setting.header, journal: journal)
    let isContinuation =
      options.cut == .token ? [] : plan.tokenizer.continuations
    outputs = (0..<count).map { [pool, queue, journal] index in
      CorpusOutput(
        index: index, packer: SequencePacker(options: options, isContinuation: isContinuation),
        header: setting.header, options: options, counts: journal.outputs[index],
        digest: resume?.digests[index] ?? CorpusDigest(), pool: pool, queue: queue)
    }
    if let resume {
      seen = Set(resume.hashes)
      openBytes = 4 * resume.openSequences.count
    }
  }

  /// Reads all inputs and writes all shards.
  ///
  /// - Parameters:
  ///   - open: The sequences of the held-out corpus's open shard, of an interrupted build.
  ///   - progress: Called for each unit of text.
  /// - Returns: what was counted, and the digests.
  /// - Throws: `CorpusError`, `ShardStoreError`; the threads have ended then.
  func run(open: [Int32], progress: (CorpusProgress) -> Void) throws -> Result {
    defer {
      pool.stop()
      queue.stop()
    }
    try restore(open)
    let inputs = try BuildInputs(
      files: setting.files, options: setting.options, limits: setting.limits, pool: pool,
      start: resumed)
    var state = CorpusProgress(
      bytesTotal: setting.files.reduce(0) { $0 + $1.bytes }, resumedShards: outputs[0].shardsEnded)
    var finishedBytes = journal.sources.reduce(0) { $0 + $1.bytes }
    func report(_ bytesRead: Int) {
      state.bytesRead = finishedBytes + bytesRead
      state.textBytes = journal.totals.textBytes
      state.sequences = outputs.reduce(0) { $0 + $1.state.sequences }
      state.tokens = outputs.reduce(0) { $0 + $1.state.tokens }
      progress(state)
    }
    while let unit = try inputs.next() {
      try join(unit.tokens, of: setting.files[unit.file])
      report(unit.tokens.bytesRead)
      setting.plan.used.give(unit.tokens)
      guard let end = unit.end else { continue }
      let file = setting.files[unit.file]
      journal.sources.append(
        CorpusManifest.Source(
          name: file.name, format: file.formatName, bytes: end.bytes, digest: end.digest))
      finishedBytes += end.bytes
      journal.place = BuildJournal.Place(file: unit.file + 1)
    }
    let digests = try outputs.map { try $0.finish() }
    let written = try queue.finish()
    for (index, output) in outputs.enumerated() {
      journal.outputs[index] = output.state
      journal.outputs[index].shards = written[index].shards
      journal.outputs[index].unknownTokens = written[index].unknownTokens
    }
    report(0)
    return Result(journal: journal, digests: digests, firstBadLines: firstBadLines)
  }

  /// Puts the sequences of the open shard of the held-out corpus back into memory.
  private func restore(_ open: [Int32]) throws {
    var place = 0
    while place < open.count {
      let length = Int(open[place])
      _ = try outputs[1].restore(body: open[place + 1..<place + 1 + length])
      place += 1 + length
    }
  }

  /// Takes a unit's documents, one after the other.
  private func join(_ unit: TokenizedUnit, of file: TextFile) throws {
    journal.place.byteOffset = unit.byteOffset
    journal.place.column = unit.column
    try check(unit, file)
    var starts = unit.sentenceStarts
    // A unit cannot know whether the one before it ends a sentence.
    if journal.place.hasOpenDocument, !journal.place.endsSentence, !unit.startsWithBreak,
      starts.first == 0
    {
      starts.removeFirst()
    }
    let isText = file.format == .text
    let documents = unit.documents
    let first = resumed?.document ?? 0
    var begin = documents.prefix(first).last?.end ?? 0
    for index in first..<max(first, documents.count + 1) {
      journal.place.document = index
      let isTail = index == documents.count
      let end = isTail ? unit.tokenIDs.count : documents[index].end
      let wasOpen = index == 0 && journal.place.hasOpenDocument
      let hasText = isTail ? unit.hasOpenText : documents[index].hasText
      // The end of a file ends the document that is the file, and nothing that is not there.
      let isFile = isText && setting.options.documentUnit == .file && documents.isEmpty
      let isNothing =
        isTail
        ? !(hasText || wasOpen || (isFile && unit.isLast))
        : isText && setting.options.documentUnit == .paragraph && !hasText && !wasOpen
      let range = begin..<end
      begin = end
      guard !isNothing, let output = output(for: isTail ? nil : documents[index].hash, range)
      else { continue }
      output.packer.begin(at: resumed?.id ?? range.lowerBound)
      resumed = nil
      try pack(unit.tokenIDs[range], starts, into: output)
      guard !isTail || unit.isLast else { continue }
      if !setting.options.mixDocuments { try flush(output) }
      output.packer.endDocument()
      if range.isEmpty && !(wasOpen && journal.place.openTokens > 0) {
        journal.totals.emptyDocuments += 1
      } else {
        output.countDocument()
      }
    }
    resumed = nil
    if unit.isLast {
      journal.place.document = documents.count + 1
      journal.place.id = unit.tokenIDs.count
      for output in outputs.reversed() { try flush(output) }
    }
    end(unit)
  }

  /// Adds what a whole unit counts, and goes to the next one.
  private func end(_ unit: TokenizedUnit) {
    let tail = unit.tokenIDs.count - (unit.documents.last?.end ?? 0)
    let wasOpen = journal.place.hasOpenDocument && unit.documents.isEmpty
    journal.totals.repaired += unit.summary.repaired
    journal.totals.badLines += unit.badLines.count
    journal.totals.textBytes += unit.byteCount
    journal.place.openTokens = tail + (wasOpen ? journal.place.openTokens : 0)
    journal.place.hasOpenDocument = unit.hasOpenText || wasOpen
    journal.place.endsSentence = unit.endsSentence
    journal.place.linesBefore += unit.summary.lines
  }

  /// Throws what a unit's text is refused for.
  private func check(_ unit: TokenizedUnit, _ file: TextFile) throws {
    let before = journal.place.linesBefore
    switch unit.failure {
    case .lineTooLong?:
      throw CorpusError.lineTooLong(
        file: file.path, line: before + 1, byteOffset: unit.byteOffset,
        limitBytes: setting.limits.lineBytes)
    case .documentTooLong?:
      throw CorpusError.documentTooLong(
        file: file.path, line: before + 1, limitBytes: setting.limits.lineBytes)
    case nil: break
    }
    for line in unit.badLines {
      let error = line.error(file: file, linesBefore: before, unitOffset: unit.byteOffset)
      guard setting.options.skipsBadLines else { throw error }
      guard firstBadLines.count < CorpusBuild.reportedBadLines else { return }
      firstBadLines.append(error)
    }
  }

  /// The corpus that a document goes to; nil for one that was there before.
  private func output(for hash: DocumentHash?, _ range: Range<Int>) -> CorpusOutput? {
    // An interrupted build had decided already: journals are written in the main corpus only.
    guard resumed == nil, let hash, !range.isEmpty else { return outputs[0] }
    if setting.options.deduplicate {
      guard seen.insert(hash).inserted else {
        journal.totals.duplicates += 1
        return nil
      }
      newHashes.append(hash)
    }
    return hash.unit < setting.options.heldOut ? outputs[1] : outputs[0]
  }

  private func pack(
    _ part: ArraySlice<Int32>, _ starts: [Int32], into output: CorpusOutput
  ) throws {
    while let body = output.packer.next(part, sentenceStarts: starts) {
      try append(body, to: output)
    }
  }

  private func flush(_ output: CorpusOutput) throws {
    if let body = output.packer.flush() { try append(body, to: output) }
  }

  private func append(_ body: ArraySlice<Int32>, to output: CorpusOutput) throws {
    let isFull = try output.append(body: body)
    let isKept = setting.fingerprint != nil
    if output.index == 1, isKept {
      openSequences.append(Int32(body.count))
      openSequences.append(contentsOf: body)
      if openSequences.count > CorpusBuild.openLimit { try submitOpenSequences() }
    }
    guard isFull else { return }
    if output.index == 1 {
      try submitOpenSequences()
      openBytes = 0
      return try output.endShard(journal: nil)
    }
    guard isKept else { return try output.endShard(journal: nil) }
    if !newHashes.isEmpty {
      try queue.submit(.hashes(newHashes))
      journal.hashes += newHashes.count
      newHashes = []
    }
    try submitOpenSequences()
    journal.place.id = output.packer.place
    for (index, output) in outputs.enumerated() { journal.outputs[index] = output.state }
    if outputs.count > 1 { journal.outputs[1].openBytes = openBytes }
    try output.endShard(journal: journal)
  }

  private func submitOpenSequences() throws {
    guard !openSequences.isEmpty else { return }
    openBytes += 4 * openSequences.count
    try queue.submit(.openSequences(openSequences, shard: outputs[1].shardsEnded))
    openSequences = []
  }
}

extension WordPieceTokenizer {
  /// By ID: whether a token goes on with the word of the token before it.
  fileprivate var continuations: [Bool] {
    // Made anew at each use.
    let tokens = vocabulary.tokens
    return (0..<vocabularySize).map { id in
      id < tokens.count && tokens[id].utf8.starts(with: "##".utf8)
    }
  }
}
