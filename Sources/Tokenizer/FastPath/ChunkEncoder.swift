/// Token IDs of a text, without alignment and without a cache.
///
/// All steps of the normalizer are applied to one code point after another. Only marks that
/// survive the removal of accents can change places; a text with such a mark takes the exact path.
///
/// One caller at a time.
struct ChunkEncoder {
  private let tokenizer: WordPieceTokenizer
  private let ascii: ASCIITable
  private let tables = UnicodeTables.shared
  private let cleans: Bool
  private let isolatesChinese: Bool
  private let strips: Bool
  private let lowercases: Bool
  /// The UTF-8 of the word being built, and its code points.
  private var word: [UInt8] = []
  private var wordScalars = 0

  init(_ tokenizer: WordPieceTokenizer) {
    self.tokenizer = tokenizer
    ascii = tokenizer.ascii
    cleans = tokenizer.options.cleanText
    isolatesChinese = tokenizer.options.handleChineseChars
    strips = tokenizer.options.stripsAccents
    lowercases = tokenizer.options.lowercase
  }

  /// Appends the IDs of a text, special tokens recognised.
  mutating func append(_ text: UnsafeRawBufferPointer, to ids: inout [Int32]) {
    tokenizer.matcher.split(text) { range, id in
      if let id {
        ids.append(id)
      } else {
        appendGap(UnsafeRawBufferPointer(rebasing: text[range]), to: &ids)
      }
    }
  }

  private mutating func appendGap(_ gap: UnsafeRawBufferPointer, to ids: inout [Int32]) {
    let firstID = ids.count
    word.removeAll(keepingCapacity: true)
    wordScalars = 0
    var place = 0
    while place < gap.count {
      let byte = gap[place]
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
          endWord(&ids)
        default:
          endWord(&ids)
          word.append(character)
          wordScalars = 1
          endWord(&ids)
        }
        continue
      }
      let step = UTF8Decoder.step(gap, at: place)
      place += step.length
      guard append(step.scalar, to: &ids) else {
        ids.removeSubrange(firstID...)
        for token in tokenizer.exactTokens(ofUTF8: gap, recognizesSpecialTokens: false) {
          ids.append(token.id)
        }
        return
      }
    }
    endWord(&ids)
  }

  /// Normalizes one code point.
  ///
  /// - Returns: False where the gap needs the exact path.
  private mutating func append(_ scalar: UInt32, to ids: inout [Int32]) -> Bool {
    let properties = tables.properties(of: scalar)
    if cleans {
      if properties.contains(.removed) { return true }
      if properties.contains(.cleanSpace) {
        endWord(&ids)
        return true
      }
    }
    guard isolatesChinese, properties.contains(.chinese) else {
      return appendStripped(scalar, properties, to: &ids)
    }
    endWord(&ids)
    let isDone = appendStripped(scalar, properties, to: &ids)
    endWord(&ids)
    return isDone
  }

  private mutating func appendStripped(
    _ scalar: UInt32, _ properties: UnicodeTables.Properties, to ids: inout [Int32]
  ) -> Bool {
    guard strips else {
      appendLowercased(scalar, properties, to: &ids)
      return true
    }
    guard properties.contains(.decomposes) else {
      if properties.contains(.strippedMark) { return true }
      if properties.combiningClass != 0 { return false }
      appendLowercased(scalar, properties, to: &ids)
      return true
    }
    var staysInOrder = true
    tables.forEachDecomposed(scalar) { part in
      let properties = tables.properties(of: part)
      if properties.contains(.strippedMark) { return }
      if properties.combiningClass != 0 { staysInOrder = false }
      appendLowercased(part, properties, to: &ids)
    }
    return staysInOrder
  }

  private mutating func appendLowercased(
    _ scalar: UInt32, _ properties: UnicodeTables.Properties, to ids: inout [Int32]
  ) {
    guard lowercases, properties.contains(.lowercases) else {
      appendToWord(scalar, properties, to: &ids)
      return
    }
    tables.forEachLowercased(scalar) { appendToWord($0, tables.properties(of: $0), to: &ids) }
  }

  private mutating func appendToWord(
    _ scalar: UInt32, _ properties: UnicodeTables.Properties, to ids: inout [Int32]
  ) {
    if properties.contains(.whitespace) {
      endWord(&ids)
      return
    }
    let isIsolated = properties.contains(.punctuation)
    if isIsolated { endWord(&ids) }
    UTF8Decoder.append(scalar, to: &word)
    wordScalars += 1
    if isIsolated { endWord(&ids) }
  }

  private mutating func endWord(_ ids: inout [Int32]) {
    guard wordScalars > 0 else { return }
    let firstID = ids.count
    let model = tokenizer.model
    let isKnown = word.withUnsafeBufferPointer { bytes in
      model.segment(bytes, scalarCount: wordScalars) { id, _ in ids.append(id) }
    }
    if !isKnown {
      ids.removeSubrange(firstID...)
      ids.append(model.unknownID)
    }
    word.removeAll(keepingCapacity: true)
    wordScalars = 0
  }
}
