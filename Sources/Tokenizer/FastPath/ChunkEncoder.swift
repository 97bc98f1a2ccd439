/// Token IDs of a text, without alignment and without a cache of chunks.
///
/// One code point after another through ``ScalarActions``; a text for which that does not do (a
/// mark that may change places, an added token) takes the exact path.
///
/// One caller at a time.
struct ChunkEncoder: ~Copyable {
  private let tokenizer: WordPieceTokenizer
  private let recognizesSpecialTokens: Bool
  private var actions: ScalarActions
  private var words: WordEncoder

  init(_ tokenizer: WordPieceTokenizer, recognizesSpecialTokens: Bool) {
    self.tokenizer = tokenizer
    self.recognizesSpecialTokens = recognizesSpecialTokens
    actions = ScalarActions(tokenizer)
    words = WordEncoder(tokenizer.model)
  }

  /// Appends the IDs of a text.
  mutating func append(_ text: UnsafeRawBufferPointer, to ids: inout OutputBuffer<Int32>) {
    let first = ids.count
    guard tokenizer.normalizedMatcher.isEmpty, !tokenizer.rawMatcher.mayMatch(text),
      appendWords(text, to: &ids)
    else {
      ids.count = first
      words.reset()
      let tokens = tokenizer.exactTokens(
        ofUTF8: text, recognizesSpecialTokens: recognizesSpecialTokens)
      for token in tokens { ids.append(token.id) }
      return
    }
  }

  /// Appends the IDs of a text without added tokens.
  ///
  /// - Returns: False where the text needs the exact path; IDs appended so far are void.
  private mutating func appendWords(
    _ text: UnsafeRawBufferPointer, to ids: inout OutputBuffer<Int32>
  ) -> Bool {
    let ascii = actions.ascii
    let letters = UnsafePointer(actions.letters)
    var place = 0
    while true {
      place = words.append(text, from: place, letters: letters)
      guard place < text.count else { break }
      let byte = text[place]
      let action: ScalarActions.Action
      if byte < 0x80 {
        place += 1
        action = ScalarActions.Action(bits: ascii[Int(byte)])
      } else {
        let step = UTF8Decoder.step(text, at: place)
        place += step.length
        action = actions.action(of: step.scalar)
      }
      switch action.kind {
      case ScalarActions.Action.text:
        words.append(utf8: action.low, count: action.count)
      case ScalarActions.Action.sequence:
        for part in actions.sequences[Int(action.low)..<Int(action.low) + action.count] {
          apply(part, to: &ids)
        }
      case ScalarActions.Action.exact:
        return false
      default:
        apply(action, to: &ids)
      }
    }
    words.endWord(&ids)
    return true
  }

  @inline(__always)
  private mutating func apply(_ action: ScalarActions.Action, to ids: inout OutputBuffer<Int32>) {
    switch action.kind {
    case ScalarActions.Action.text:
      words.append(utf8: action.low, count: action.count)
    case ScalarActions.Action.space:
      words.endWord(&ids)
    case ScalarActions.Action.isolated:
      words.endWord(&ids)
      ids.append(Int32(bitPattern: action.low))
    default:
      break
    }
  }
}
