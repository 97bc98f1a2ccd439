import Foundation
import Tokenizer

/// Encodes JSON records, which may hold pairs and split words, with all that the library gives.
///
/// Slower than ``LineEncoder``: each record is parsed, and each token gets its string.
final class RecordEncoder: LineWorker {
  /// A line of input: a text or its words, and a second one for a pair.
  private struct Record: Decodable {
    var text: String?
    var pair: String?
    var words: [String]?
    var pairWords: [String]?

    enum CodingKeys: String, CodingKey {
      case text, pair, words
      case pairWords = "pair_words"
    }
  }

  /// A line of output; the names are those of Hugging Face's `Encoding`.
  private struct Output: Encodable {
    let ids: [Int32]
    let tokens: [String]
    let typeIDs: [Int32]
    let offsets: [[Int]]
    let byteOffsets: [[Int]]
    let wordIDs: [Int32?]
    let attentionMask: [Int32]
    let specialTokensMask: [Int32]
    let overflowing: [Output]?

    enum CodingKeys: String, CodingKey {
      case ids, tokens, offsets, overflowing
      case typeIDs = "type_ids"
      case byteOffsets = "byte_offsets"
      case wordIDs = "word_ids"
      case attentionMask = "attention_mask"
      case specialTokensMask = "special_tokens_mask"
    }

    init(_ encoding: Encoding, withOverflow: Bool) {
      ids = encoding.ids
      tokens = encoding.tokens
      typeIDs = encoding.typeIDs
      offsets = encoding.offsets.map { [$0.lowerBound, $0.upperBound] }
      byteOffsets = encoding.byteOffsets.map { [$0.lowerBound, $0.upperBound] }
      wordIDs = encoding.wordIDs.map { $0 < 0 ? nil : $0 }
      attentionMask = encoding.attentionMask
      specialTokensMask = encoding.specialTokensMask
      overflowing =
        withOverflow ? encoding.overflowing.map { Output($0, withOverflow: false) } : nil
    }
  }

  private let tokenizer: WordPieceTokenizer
  private let options: EncodeOptions
  private let decoder = JSONDecoder()
  private let encoder = JSONEncoder()

  init(_ tokenizer: WordPieceTokenizer, _ options: EncodeOptions) {
    self.tokenizer = tokenizer
    self.options = options
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  /// A line of output for each record.
  ///
  /// - Throws: ``LineReader/Failure`` for a line that is not such a record, and the tokenizer's
  ///   error where the truncation asked for is impossible, each with file and line.
  func transform(_ block: LineReader.Block, into output: ByteOutput) throws {
    var number = block.firstLine - 1
    for line in block.bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      number += 1
      if line.isEmpty { continue }
      do {
        let record = try decoder.decode(Record.self, from: Data(line))
        let encoding = try encode(record)
        let json = try encoder.encode(Output(encoding, withOverflow: wantsOverflow))
        json.withUnsafeBytes { output.append($0) }
        output.append(UInt8(ascii: "\n"))
      } catch let error as TokenizerError {
        throw LineReader.Failure(description: "'\(block.source)' line \(number): \(error)")
      } catch {
        throw LineReader.Failure(
          description: "'\(block.source)' line \(number) is not a record such as "
            + #"{"text": "a", "pair": "b"} or {"words": ["a", "b"]}"#)
      }
    }
  }

  private var wantsOverflow: Bool { options.truncation?.returnsOverflow ?? false }

  private func encode(_ record: Record) throws -> Encoding {
    if let words = record.words {
      return try tokenizer.encode(words: words, pair: record.pairWords, options: options)
    }
    guard let text = record.text else {
      throw LineReader.Failure(description: "neither text nor words")
    }
    return try tokenizer.encode(text, pair: record.pair, options: options)
  }
}
