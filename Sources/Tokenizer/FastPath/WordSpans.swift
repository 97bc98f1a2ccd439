/// Tokens of a text with their places, without a cache.
///
/// One code point after another through ``ScalarActions``. As long as none may change places, each
/// code point of a word stands for the one of the source that it came from.
///
/// Owns its memory; one caller at a time.
struct WordSpans: ~Copyable {
  /// A code point of the source: its index and its bytes.
  private struct Source: BitwiseCopyable {
    var scalar: UInt32 = 0
    var byteStart: UInt32 = 0
    var byteEnd: UInt32 = 0
  }

  private let model: WordPieceModel
  private var actions: ScalarActions
  /// The UTF-8 of the word being built, and for each byte where it came from.
  private let bytes: UnsafeMutablePointer<UInt8>
  private let sources: UnsafeMutablePointer<Source>
  private var byteCount = 0
  private var scalarCount = 0
  private var firstSource = Source()
  private var lastSource = Source()
  private var wordIndex: Int32 = 0

  init(_ tokenizer: WordPieceTokenizer) {
    model = tokenizer.model
    actions = ScalarActions(tokenizer)
    let capacity = 4 * model.maxInputCharsPerWord + 16
    bytes = .allocate(capacity: capacity)
    sources = .allocate(capacity: capacity)
  }

  deinit {
    bytes.deallocate()
    sources.deallocate()
  }

  /// Appends the tokens of a text without added tokens.
  ///
  /// - Returns: False where the text needs the exact path; tokens appended so far are void.
  mutating func append(
    _ text: UnsafeRawBufferPointer, to tokens: inout OutputBuffer<TokenSpan>
  ) -> Bool {
    (byteCount, scalarCount, wordIndex) = (0, 0, 0)
    var place = 0
    var source = Source()
    while place < text.count {
      let step = UTF8Decoder.step(text, at: place)
      source.byteStart = UInt32(truncatingIfNeeded: place)
      place += step.length
      source.byteEnd = UInt32(truncatingIfNeeded: place)
      let action = actions.action(of: step.scalar)
      switch action.kind {
      case ScalarActions.Action.sequence:
        for index in 0..<action.count {
          apply(actions.sequences[Int(action.low) + index], source, to: &tokens)
        }
      case ScalarActions.Action.exact:
        return false
      default:
        apply(action, source, to: &tokens)
      }
      source.scalar += 1
    }
    endWord(&tokens)
    return true
  }

  @inline(__always)
  private mutating func apply(
    _ action: ScalarActions.Action, _ source: Source, to tokens: inout OutputBuffer<TokenSpan>
  ) {
    switch action.kind {
    case ScalarActions.Action.text:
      if scalarCount == 0 { firstSource = source }
      lastSource = source
      if scalarCount < model.maxInputCharsPerWord {
        UnsafeMutableRawPointer(bytes + byteCount)
          .storeBytes(of: action.low.littleEndian, as: UInt32.self)
        for index in byteCount..<byteCount + action.count { sources[index] = source }
        byteCount += action.count
      }
      scalarCount += 1
    case ScalarActions.Action.space:
      endWord(&tokens)
    case ScalarActions.Action.isolated:
      endWord(&tokens)
      append(Int32(bitPattern: action.low), source, source, to: &tokens)
      wordIndex += 1
    default:
      break
    }
  }

  private mutating func endWord(_ tokens: inout OutputBuffer<TokenSpan>) {
    guard scalarCount > 0 else { return }
    let first = tokens.count
    var start = 0
    let isKnown = model.segment(bytes, count: byteCount, scalarCount: scalarCount) { id, end in
      append(id, sources[start], sources[end - 1], to: &tokens)
      start = end
    }
    if !isKnown {
      tokens.count = first
      append(model.unknownID, firstSource, lastSource, to: &tokens)
    }
    wordIndex += 1
    (byteCount, scalarCount) = (0, 0)
  }

  private func append(
    _ id: Int32, _ first: Source, _ last: Source, to tokens: inout OutputBuffer<TokenSpan>
  ) {
    tokens.append(
      TokenSpan(
        id: id, wordID: wordIndex, start: first.scalar, end: last.scalar + 1,
        byteStart: first.byteStart, byteEnd: last.byteEnd))
  }
}
