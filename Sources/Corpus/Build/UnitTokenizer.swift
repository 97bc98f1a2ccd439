import Crypto
import Tokenizer

/// Turns units of text into token IDs.
///
/// Owns an encoder with its cache; one thread at a time.
final class UnitTokenizer {
  /// What a unit's text is taken for.
  struct Plan: Sendable {
    let tokenizer: WordPieceTokenizer
    let options: CorpusOptions
    let isStrict: Bool
    /// Results that were used.
    let used = FreeList<TokenizedUnit>()
  }

  private let plan: Plan
  private let encoder: TokenIDEncoder
  private let findsSentences: Bool

  init(_ plan: Plan) {
    self.plan = plan
    encoder = plan.tokenizer.makeTokenIDEncoder()
    // An added token with white space in it might lie across the end of a sentence.
    findsSentences =
      plan.options.cut == .sentence
      && !plan.tokenizer.addedTokens.contains { $0.content.contains(where: \.isWhitespace) }
  }

  /// Finds the documents of a unit of a file of that format, and tokenizes them.
  func tokenize(_ unit: TextUnit, format: TextFormat.Content) -> TokenizedUnit {
    let result = plan.used.take() ?? TokenizedUnit()
    result.reset(for: unit)
    guard unit.failure == nil else { return result }
    let options = plan.options
    let parser = UnitParser(
      format: format, documentUnit: options.documentUnit, jsonPath: JSONPath(options.jsonField),
      isStrict: plan.isStrict, keepsBlankLines: findsSentences,
      joinsLines: !findsSentences && !options.needsHashes)
    // English has about four bytes a token.
    result.tokenIDs.reserveCapacity(unit.count / 4 + 64)
    var sentences = SentenceScanner(isAtStart: true)
    var hasher = options.needsHashes ? SHA256() : nil
    // Whether one is open before the unit only the reader of its results knows.
    var isInDocument = !unit.isFirst
    result.summary = parser.forEachEvent(in: unit, isInDocument: &isInDocument) { event in
      switch event {
      case .text(let bytes):
        if result.hasOpenText { hasher?.update(data: [0x0A]) }
        hasher?.update(bufferPointer: bytes)
        result.hasOpenText = true
        if findsSentences, result.tokenIDs.isEmpty, bytes.isBlank { result.startsWithBreak = true }
        append(bytes, replacing: options.replacements[...], &sentences, to: result)
      case .endOfDocument:
        result.documents.append(
          TokenizedUnit.Document(
            end: result.tokenIDs.count, hasText: result.hasOpenText,
            hash: hasher.map(DocumentHash.init)))
        result.hasOpenText = false
        sentences.isAtStart = true
        if hasher != nil { hasher = SHA256() }
      case .bad(let line):
        result.badLines.append(line)
      }
    }
    if unit.isLast, result.hasOpenText || options.documentUnit == .file, format == .text, let hasher
    {
      // The whole document is in this unit, since units end where documents do.
      result.documents.append(
        TokenizedUnit.Document(
          end: result.tokenIDs.count, hasText: result.hasOpenText, hash: DocumentHash(hasher)))
      result.hasOpenText = false
    }
    result.endsSentence = sentences.isAtStart
    return result
  }

  private func append(
    _ bytes: UnsafeRawBufferPointer, replacing rest: ArraySlice<TextReplacement>,
    _ sentences: inout SentenceScanner, to result: TokenizedUnit
  ) {
    for (index, replacement) in zip(rest.indices, rest) {
      if let replaced = replacement.apply(to: bytes) {
        replaced.withUnsafeBytes {
          append($0, replacing: rest[(index + 1)...], &sentences, to: result)
        }
        return
      }
    }
    guard findsSentences else {
      return encoder.appendTokenIDs(ofUTF8: bytes, to: &result.tokenIDs)
    }
    sentences.forEachPart(of: bytes) { part, isStart in
      if isStart, result.sentenceStarts.last != Int32(result.tokenIDs.count) {
        result.sentenceStarts.append(Int32(result.tokenIDs.count))
      }
      encoder.appendTokenIDs(ofUTF8: part, to: &result.tokenIDs)
    }
  }
}
