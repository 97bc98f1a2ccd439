import Foundation
import Tokenizer

/// Encodes the lines of a block; one for each thread.
final class LineEncoder: LineWorker {
  /// What is written for each line.
  enum Format: String, CaseIterable {
    /// IDs parted by spaces.
    case ids
    /// Tokens parted by spaces.
    case tokens
    /// `start-end` of each token in code points, parted by spaces.
    case offsets
    /// A JSON object with all of these and word IDs.
    case json
  }

  /// How lines are encoded.
  struct Settings {
    var format: Format
    var addsSpecialTokens: Bool
    var recognizesSpecialTokens: Bool
    var maxLength: Int?
    var strict: Bool
  }

  private let tokenizer: WordPieceTokenizer
  private let settings: Settings
  private let numbers: TokenText
  private let tokens: TokenText?
  private let idEncoder: TokenIDEncoder
  private let spanEncoder: TokenSpanEncoder
  private var ids: [Int32] = []
  private var spans: [TokenSpan] = []
  /// Places of bytes that were not UTF-8, so far.
  private(set) var repaired = 0

  init(
    _ tokenizer: WordPieceTokenizer, _ settings: Settings, numbers: TokenText, tokens: TokenText?
  ) {
    self.tokenizer = tokenizer
    self.settings = settings
    self.numbers = numbers
    self.tokens = tokens
    idEncoder = TokenIDEncoder(
      tokenizer, recognizesSpecialTokens: settings.recognizesSpecialTokens)
    spanEncoder = TokenSpanEncoder(
      tokenizer, recognizesSpecialTokens: settings.recognizesSpecialTokens)
  }

  /// A line of output for each line.
  ///
  /// - Throws: ``LineReader/Failure`` for bytes that are not UTF-8 under `strict`.
  func transform(_ block: LineReader.Block, into output: ByteOutput) throws {
    try block.bytes.withUnsafeBytes { bytes in
      var start = 0
      var number = block.firstLine
      while start < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        var length = rest.count
        if let base = rest.baseAddress, let newline = memchr(base, 0x0A, rest.count) {
          length = UnsafeRawPointer(newline) - base
        }
        try encode(
          UnsafeRawBufferPointer(rebasing: rest[..<length]), number, block.source, to: output)
        start += length + 1
        number += 1
      }
    }
  }

  private func encode(
    _ line: UnsafeRawBufferPointer, _ number: Int, _ source: String, to output: ByteOutput
  ) throws {
    let repair = UTF8Repair.repair(line)
    guard let bytes = repair.repaired else { return write(line, to: output) }
    guard !settings.strict else {
      throw LineReader.Failure(
        description: "'\(source)' line \(number) is not UTF-8 at its byte "
          + "\(repair.firstInvalidOffset ?? 0); convert it, or leave out --strict")
    }
    repaired += repair.invalidCount
    bytes.withUnsafeBytes { write($0, to: output) }
  }

  private func write(_ line: UnsafeRawBufferPointer, to output: ByteOutput) {
    switch settings.format {
    case .ids, .tokens:
      ids.removeAll(keepingCapacity: true)
      if settings.addsSpecialTokens { ids.append(tokenizer.specialTokens.classifyID) }
      idEncoder.appendTokenIDs(ofUTF8: line, to: &ids)
      if let room { ids.removeLast(max(0, ids.count - room)) }
      if settings.addsSpecialTokens { ids.append(tokenizer.specialTokens.separatorID) }
      (tokens ?? numbers).append(ids, separator: UInt8(ascii: " "), to: output)
    case .offsets, .json:
      spans.removeAll(keepingCapacity: true)
      if settings.addsSpecialTokens { spans.append(added(tokenizer.specialTokens.classifyID)) }
      spanEncoder.appendTokens(ofUTF8: line, to: &spans)
      if let room { spans.removeLast(max(0, spans.count - room)) }
      if settings.addsSpecialTokens { spans.append(added(tokenizer.specialTokens.separatorID)) }
      if settings.format == .json { writeJSON(output) } else { writeOffsets(output) }
    }
    output.append(UInt8(ascii: "\n"))
  }

  /// How many tokens there may be before the closing special token.
  private var room: Int? {
    settings.maxLength.map { $0 - (settings.addsSpecialTokens ? 1 : 0) }
  }

  private func added(_ id: Int32) -> TokenSpan {
    TokenSpan(id: id, wordID: -1, start: 0, end: 0, byteStart: 0, byteEnd: 0)
  }

  private func writeOffsets(_ output: ByteOutput) {
    for (index, span) in spans.enumerated() {
      if index > 0 { output.append(UInt8(ascii: " ")) }
      output.append(span.start)
      output.append(UInt8(ascii: "-"))
      output.append(span.end)
    }
  }

  private func writeJSON(_ output: ByteOutput) {
    func list(_ name: StaticString, _ element: (TokenSpan) -> Void) {
      output.append(name)
      for (index, span) in spans.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        element(span)
      }
    }
    list("{\"ids\":[") { numbers.append($0.id, to: output) }
    list("],\"tokens\":[") { tokens?.append($0.id, to: output) }
    list("],\"offsets\":[") { span in
      output.append(UInt8(ascii: "["))
      output.append(span.start)
      output.append(UInt8(ascii: ","))
      output.append(span.end)
      output.append(UInt8(ascii: "]"))
    }
    list("],\"word_ids\":[") { span in
      if span.wordID < 0 { output.append("null") } else { output.append(UInt32(span.wordID)) }
    }
    output.append("]}")
  }
}
