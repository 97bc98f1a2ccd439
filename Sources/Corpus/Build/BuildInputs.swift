import Foundation

/// Reads units of all inputs in order and has them tokenized ahead of their use.
///
/// One thread at a time.
final class BuildInputs {
  /// A unit's tokens and where they come from.
  struct Unit {
    /// Index of the input.
    let file: Int
    /// The tokens.
    let tokens: TokenizedUnit
    /// Size and digest of the input, with its last unit.
    let end: (bytes: Int, digest: String)?
  }

  private struct Ahead {
    let file: Int
    let pending: Pending<TokenizedUnit>
    let end: (bytes: Int, digest: String)?
  }

  private let files: [TextFile]
  private let options: CorpusOptions
  private let column: TableColumn?
  private let pool: WorkerPool<UnitTokenizer>
  private let limits: BuildLimits
  private var reader: UnitReader?
  private var nextFile: Int
  private var start: BuildJournal.Place?
  private var ahead: [Ahead] = []
  private let used = FreeList<TextUnit>()

  /// Starts at the first input, or where an interrupted build goes on; throws
  /// `CorpusError.invalidOption`.
  init(
    files: [TextFile], options: CorpusOptions, limits: BuildLimits,
    pool: WorkerPool<UnitTokenizer>, start: BuildJournal.Place?
  ) throws {
    self.files = files
    self.options = options
    column = try options.tableColumn()
    self.limits = limits
    self.pool = pool
    self.start = start
    nextFile = start?.file ?? 0
  }

  /// The next unit; nil at the end of the last input.
  ///
  /// - Throws: `CorpusError` for an input that cannot be read.
  func next() throws -> Unit? {
    while ahead.count < limits.unitsAhead, let reader = try openReader() {
      guard let unit = try reader.nextUnit() else {
        self.reader = nil
        continue
      }
      let format = reader.file.format
      ahead.append(
        Ahead(
          file: nextFile - 1,
          pending: pool.submit { [used, limits] worker in
            let tokens = worker.tokenize(unit, format: format)
            if unit.storage.count == limits.unitBytes { used.give(unit) }
            return tokens
          },
          end: unit.isLast ? (reader.bytesRead, reader.digest) : nil))
    }
    guard !ahead.isEmpty else { return nil }
    let first = ahead.removeFirst()
    guard let tokens = first.pending.wait() else {
      preconditionFailure("the pool was stopped while its results were wanted")
    }
    return Unit(file: first.file, tokens: tokens, end: first.end)
  }

  private func openReader() throws -> UnitReader? {
    if let reader { return reader }
    guard nextFile < files.count else { return nil }
    let opened = try UnitReader(
      file: files[nextFile], documentUnit: options.documentUnit, column: column,
      wholeDocuments: options.needsHashes, unitBytes: limits.unitBytes,
      limitBytes: limits.lineBytes, used: used)
    nextFile += 1
    if let start {
      self.start = nil
      if start.byteOffset > 0 { try opened.skip(to: start.byteOffset, column: start.column) }
    }
    reader = opened
    return opened
  }
}

/// How much of the inputs is held at a time.
struct BuildLimits: Sendable {
  /// Bytes of a unit, about.
  var unitBytes = UnitReader.unitBytes
  /// The longest line or document.
  var lineBytes = TextSource.lineLimitBytes
  /// Units that are read and not yet joined.
  var unitsAhead = 3
}
