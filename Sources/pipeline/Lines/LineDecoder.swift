import Tokenizer

/// Decodes lines of token IDs; one for each thread.
final class LineDecoder: LineWorker {
  private let decoder: TokenDecoder
  private let vocabularySize: Int
  private var ids: [Int32] = []
  private var text: [UInt8] = []

  init(_ tokenizer: WordPieceTokenizer, skipSpecialTokens: Bool) {
    decoder = TokenDecoder(tokenizer, skipSpecialTokens: skipSpecialTokens)
    vocabularySize = tokenizer.vocabularySize
  }

  /// A line of text for each line of IDs.
  ///
  /// - Throws: ``LineReader/Failure`` for an ID that is not in the vocabulary, or a line with
  ///   letters outside strings, such as text.
  func transform(_ block: LineReader.Block, into output: ByteOutput) throws {
    var number = block.firstLine
    var start = 0
    while start < block.bytes.count {
      let end = block.bytes[start...].firstIndex(of: 0x0A) ?? block.bytes.count
      try parse(block.bytes[start..<end], number, block.source)
      text.removeAll(keepingCapacity: true)
      decoder.append(ids, to: &text)
      text.append(0x0A)
      output.append(text)
      start = end + 1
      number += 1
    }
  }

  private func parse(_ line: ArraySlice<UInt8>, _ number: Int, _ source: String) throws {
    ids.removeAll(keepingCapacity: true)
    var value = -1
    func end() throws {
      guard value >= 0 else { return }
      guard value < vocabularySize else {
        throw LineReader.Failure(
          description: "'\(source)' line \(number): \(value) is no token ID, "
            + "they are below \(vocabularySize)")
      }
      ids.append(Int32(value))
      value = -1
    }
    for byte in line {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        value = min(max(value, 0) * 10 + Int(byte - UInt8(ascii: "0")), Int(Int32.max))
      case UInt8(ascii: " "), UInt8(ascii: ","), UInt8(ascii: "\t"), UInt8(ascii: "\r"),
        UInt8(ascii: "["), UInt8(ascii: "]"):
        try end()
      default:
        throw LineReader.Failure(
          description: "'\(source)' line \(number) holds more than token IDs; "
            + "give numbers parted by spaces or commas")
      }
    }
    try end()
  }
}
