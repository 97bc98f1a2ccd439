/// Takes the words that a text is cut into.
protocol WordSink: ~Copyable {
  /// Takes the next word: its UTF-8, which lives for the call only, and its count of code points.
  mutating func take(_ word: UnsafeBufferPointer<UInt8>, scalarCount: Int)
}

/// Normalizes a text and cuts it into words, one code point after another.
///
/// One caller at a time.
struct ChunkNormalizer: ~Copyable {
  private var actions: ScalarActions
  /// The UTF-8 of the word being built, and its code points.
  private var word: [UInt8] = []
  private var wordScalars = 0

  init(_ normalizer: Normalizer) {
    actions = ScalarActions(normalizer) { word in
      word.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
  }

  /// Gives the words of a text to a sink, in order.
  ///
  /// - Returns: False where the text needs the exact path; some words may have been given by then.
  mutating func forEachWord<Sink: WordSink & ~Copyable>(
    of text: UnsafeRawBufferPointer, _ sink: inout Sink
  ) -> Bool {
    word.removeAll(keepingCapacity: true)
    wordScalars = 0
    var place = 0
    while place < text.count {
      let step = UTF8Decoder.step(text, at: place)
      place += step.length
      let action = actions.action(of: step.scalar)
      switch action.kind {
      case ScalarActions.Action.sequence:
        for index in 0..<action.count {
          apply(actions.sequences[Int(action.low) + index], &sink)
        }
      case ScalarActions.Action.exact:
        return false
      default:
        apply(action, &sink)
      }
    }
    endWord(&sink)
    return true
  }

  @inline(__always)
  private mutating func apply<Sink: WordSink & ~Copyable>(
    _ action: ScalarActions.Action, _ sink: inout Sink
  ) {
    switch action.kind {
    case ScalarActions.Action.text:
      append(action.low)
    case ScalarActions.Action.isolated:
      endWord(&sink)
      append(action.low)
      endWord(&sink)
    case ScalarActions.Action.space:
      endWord(&sink)
    default:
      break
    }
  }

  /// Adds a code point, given as its UTF-8 from the lowest byte on.
  private mutating func append(_ utf8: UInt32) {
    var rest = utf8
    repeat {
      word.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    } while rest != 0
    wordScalars += 1
  }

  private mutating func endWord<Sink: WordSink & ~Copyable>(_ sink: inout Sink) {
    guard wordScalars > 0 else { return }
    word.withUnsafeBufferPointer { sink.take($0, scalarCount: wordScalars) }
    word.removeAll(keepingCapacity: true)
    wordScalars = 0
  }
}
