import Foundation
import TestSupport
import Testing
import Tokenizer

/// Files that are damaged or hostile throw an error of this module; they never trap.
struct MalformedTokenizerTests {
  private static func outcome(_ bytes: [UInt8]) throws -> TokenizerError? {
    let folder = try TemporaryFolder()
    try folder.write("tokenizer.json", bytes)
    do {
      _ = try WordPieceTokenizer.load(folder: folder.url)
      return nil
    } catch let error as TokenizerError {
      return error
    }
  }

  @Test func aFileCutAnywhereIsAnError() throws {
    let bytes = Array(FastTokenizerFileTests.file().utf8)
    for length in 0..<bytes.count {
      let error = try Self.outcome(Array(bytes[..<length]))
      guard case .malformedJSON = error else {
        Issue.record("cut at \(length): \(String(describing: error))")
        continue
      }
    }
  }

  @Test func anyByteMayBeAnyOther() throws {
    let bytes = Array(FastTokenizerFileTests.file().utf8)
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<1500 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let byte = UInt8(bitPattern: Int8(truncatingIfNeeded: generator.next()))
        let special = Array(#"{}[]":,\-e9"#.utf8).randomElement(using: &generator) ?? byte
        let place = Int.random(in: bytes.indices, using: &generator)
        damaged[place] = Bool.random(using: &generator) ? byte : special
      }
      // Whatever comes of it, it is a tokenizer or an error.
      _ = try Self.outcome(damaged)
    }
  }

  @Test(arguments: [
    "", "null", "[]", "3", "\"model\"", "{\"model\"", "{\"model\": {\"vocab\": {\"a\" 1}}}",
    "{\"model\": {\"vocab\": {\"a\": }}}", "{\"model\": {\"vocab\": {\"a\": 1,}}}",
    "{\"model\": {\"vocab\": {\"\\x\": 1}}}", "{\"model\": {\"vocab\": {\"\\ud800\": 1}}}",
    "{\"model\": {\"vocab\": {\"\\udc00\": 1}}}",
    "{\"model\": {\"vocab\": {\"\\ud800\\u0041\": 1}}}",
    "{\"model\": {\"vocab\": {\"\\u12G4\": 1}}}", "{\"model\": {\"vocab\": {\"a\nb\": 1}}}",
    "{\"model\": {\"vocab\": {}, \"vocab\": {}}}", "{\"model\": {\"vocab\": {}}} x", "{]",
    "{\"a\": ]}",
    "{\"model\": {\"vocab\": {\"\\",
  ])
  func whatIsNoJSONIsSaidToBeNone(text: String) throws {
    let error = try Self.outcome(Array(text.utf8))
    guard case .malformedJSON = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func deepNestingAndOtherEncodingsAreErrors() throws {
    for opening in ["[", "{\"a\":"] {
      let deep = String(repeating: opening, count: 100_000)
      for text in [deep, "{\"model\": \(deep)", "{\"model\": {\"vocab\": {\"a\": \(deep)"] {
        #expect(try Self.outcome(Array(text.utf8)) != nil)
      }
    }
    let closed =
      "{\"x\": " + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
      + ", \"model\": {\"vocab\": {\"[PAD]\": 0}}}"
    #expect(try Self.outcome(Array(closed.utf8)) != nil)
    #expect(try Self.outcome([0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00]) != nil)
    let latin = try Self.outcome(Array("{\"a\": \"".utf8) + [0xE9] + Array("\"}".utf8))
    #expect("\(latin.map { "\($0)" } ?? "")".contains("is not UTF-8 at byte 7"))
  }

  @Test func aByteOrderMarkIsPassedOver() throws {
    let bytes = [0xEF, 0xBB, 0xBF] + Array(FastTokenizerFileTests.file().utf8)
    #expect(try Self.outcome(bytes) == nil)
  }

  @Test func damagedConfigurationsAreErrors() throws {
    let files = [
      #"{"added_tokens_decoder": {"x": {"content": "a"}}}"#,
      #"{"added_tokens_decoder": {"99999999999999999999": {"content": "a"}}}"#,
      #"{"added_tokens_decoder": {"-1": {"content": "a"}}}"#,
      #"{"added_tokens_decoder": {"8": 3}}"#, #"{"added_tokens_decoder": []}"#,
      #"{"added_tokens_decoder": {"8": {"content": "a", "normalized": "x"}}}"#,
      #"{"pad_token": []}"#, #"{"strip_accents": {}}"#, "{\"a\"",
      String(repeating: "[", count: 9999),
    ]
    for text in files {
      let folder = try TemporaryFolder([
        "tokenizer.json": FastTokenizerFileTests.file(), "tokenizer_config.json": text,
      ])
      #expect(throws: TokenizerError.self, "\(text)") {
        try WordPieceTokenizer.load(folder: folder.url)
      }
    }
  }
}
