/// Takes the words that a text is cut into.
protocol WordSink: ~Copyable {
  /// Takes the next word: its UTF-8, which lives for the call only, and its count of code points.
  mutating func take(_ word: UnsafeBufferPointer<UInt8>, scalarCount: Int)
}

/// Normalizes a text and cuts it into words, one code point after another.
///
/// All steps of the normalizer are applied to one code point after another. Only marks that
/// survive the removal of accents can change places; a text with such a mark needs the exact path.
///
/// One caller at a time.
struct ChunkNormalizer {
  private let ascii: ASCIITable
  private let tables = UnicodeTables.shared
  private let cleans: Bool
  private let isolatesChinese: Bool
  private let strips: Bool
  private let lowercases: Bool
  /// The UTF-8 of the word being built, and its code points.
  private var word: [UInt8] = []
  private var wordScalars = 0

  init(options: NormalizerOptions, ascii: ASCIITable) {
    self.ascii = ascii
    cleans = options.cleanText
    isolatesChinese = options.handleChineseChars
    strips = options.stripsAccents
    lowercases = options.lowercase
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
      let byte = text[place]
      if byte < 0x80 {
        place += 1
        let (action, character) = ascii[byte]
        switch action {
        case ASCIITable.Action.text.rawValue:
          word.append(character)
          wordScalars += 1
        case ASCIITable.Action.removed.rawValue:
          break
        case ASCIITable.Action.space.rawValue:
          endWord(&sink)
        default:
          endWord(&sink)
          word.append(character)
          wordScalars = 1
          endWord(&sink)
        }
        continue
      }
      let step = UTF8Decoder.step(text, at: place)
      place += step.length
      guard append(step.scalar, &sink) else { return false }
    }
    endWord(&sink)
    return true
  }

  /// Normalizes one code point.
  ///
  /// - Returns: False where the gap needs the exact path.
  private mutating func append<Sink: WordSink & ~Copyable>(_ scalar: UInt32, _ sink: inout Sink)
    -> Bool
  {
    let properties = tables.properties(of: scalar)
    if cleans {
      if properties.contains(.removed) { return true }
      if properties.contains(.cleanSpace) {
        endWord(&sink)
        return true
      }
    }
    guard isolatesChinese, properties.contains(.chinese) else {
      return appendStripped(scalar, properties, &sink)
    }
    endWord(&sink)
    let isDone = appendStripped(scalar, properties, &sink)
    endWord(&sink)
    return isDone
  }

  private mutating func appendStripped<Sink: WordSink & ~Copyable>(
    _ scalar: UInt32, _ properties: UnicodeTables.Properties, _ sink: inout Sink
  ) -> Bool {
    guard strips else {
      appendLowercased(scalar, properties, &sink)
      return true
    }
    guard properties.contains(.decomposes) else {
      if properties.contains(.strippedMark) { return true }
      if properties.combiningClass != 0 { return false }
      appendLowercased(scalar, properties, &sink)
      return true
    }
    var staysInOrder = true
    tables.forEachDecomposed(scalar) { part in
      let properties = tables.properties(of: part)
      if properties.contains(.strippedMark) { return }
      if properties.combiningClass != 0 { staysInOrder = false }
      appendLowercased(part, properties, &sink)
    }
    return staysInOrder
  }

  private mutating func appendLowercased<Sink: WordSink & ~Copyable>(
    _ scalar: UInt32, _ properties: UnicodeTables.Properties, _ sink: inout Sink
  ) {
    guard lowercases, properties.contains(.lowercases) else {
      appendToWord(scalar, properties, &sink)
      return
    }
    tables.forEachLowercased(scalar) { appendToWord($0, tables.properties(of: $0), &sink) }
  }

  private mutating func appendToWord<Sink: WordSink & ~Copyable>(
    _ scalar: UInt32, _ properties: UnicodeTables.Properties, _ sink: inout Sink
  ) {
    if properties.contains(.whitespace) {
      endWord(&sink)
      return
    }
    let isIsolated = properties.contains(.punctuation)
    if isIsolated { endWord(&sink) }
    UTF8Decoder.append(scalar, to: &word)
    wordScalars += 1
    if isIsolated { endWord(&sink) }
  }

  private mutating func endWord<Sink: WordSink & ~Copyable>(_ sink: inout Sink) {
    guard wordScalars > 0 else { return }
    word.withUnsafeBufferPointer { sink.take($0, scalarCount: wordScalars) }
    word.removeAll(keepingCapacity: true)
    wordScalars = 0
  }
}
