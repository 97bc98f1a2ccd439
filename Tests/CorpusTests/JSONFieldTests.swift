import Corpus
import Foundation
import TestSupport
import Testing

/// The text of a record: paths, escapes, and what is no JSON.
@Suite struct JSONFieldTests {
  private let scratch: TemporaryFolder

  init() throws { scratch = try TemporaryFolder() }

  private func text(_ line: String, field: String = "text") throws -> String {
    let url = try scratch.write("t.jsonl", line)
    let found = try documents(try #require(try TextFile.list([url]).first), field: field)
    return try #require(found.count == 1 ? found.first : nil)
  }

  @Test func pathsLeadThroughObjectsAndArrays() throws {
    let line = #"{"a": {"b": [1, {"c": "deep"}, "last"], "0": "key"}, "a.b": "dot", "é": "e"}"#
    #expect(try text(line, field: "a.b.1.c") == "deep")
    #expect(try text(line, field: "a.b.2") == "last")
    #expect(try text(line, field: "a.0") == "key")
    #expect(try text(line, field: #"a\.b"#) == "dot")
    #expect(try text(line, field: "é") == "e")
    for path in ["a.b.3", "a.c", "b", "a.b.1.c.d", "a.b.x"] {
      guard
        case .badField(_, 1, path, "is missing")? = #expect(
          throws: CorpusError.self, performing: { try text(line, field: path) })
      else {
        Issue.record("\(path)")
        continue
      }
    }
  }

  @Test func escapesAreUndoneAndTheLastOfEqualNamesCounts() throws {
    #expect(
      try text(#"{"text": "1", "te\u0078t": "\"\\\/\b\f\r\t\u00e9\uD83D\uDE00"}"#)
        == "\"\\/\u{8}\u{C}\r\t\u{e9}\u{1F600}")
    #expect(try text(#"{"text": {"text": "inner"}, "text": "outer"}"#) == "outer")
  }

  @Test(arguments: [
    #"{"text": "a",}"#, #"{"text": "a"} x"#, #"{"text": "a" , "b": 01}"#, #"{"text": "\x"}"#,
    #"{"text": "a", "b": [1 2]}"#, #"{"text": "a", "b": tru}"#, #"{"text": "a", "b": -}"#,
    #"{"text": "a", "b": 1.}"#, #"{"text": "a", "b": 1e}"#, #"{"text": "\u12"}"#,
    "{\"text\": \"a\tb\"}", #"{"text" "a"}"#, #"{'text': 'a'}"#, #"{"text": NaN}"#, "{",
    String(repeating: #"{"a":"#, count: 600), #"{"text": "a", "b": {"c": "d"}"#,
  ])
  func whatIsNoJSONIsRefused(line: String) throws {
    let error = #expect(throws: CorpusError.self) { try text(line) }
    guard case .badJSON(_, 1, let reason)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(!reason.isEmpty)
  }

  /// Foundation's parser as the reference, on records of which one byte was changed.
  @Test func damagedRecordsAreRefusedAsByFoundation() throws {
    let record = Array(
      #"{"id": -12.5e+3, "text": "a b\n\"c\"", "more": [true, null, {"x": []}], "z": 0}"#.utf8)
    let replacements = Array(#" "\{}[],:0e+-.atn"#.utf8)
    var random = SeededGenerator(seed: 20_261_121)
    var refused = 0
    for _ in 0..<3_000 {
      var line = record
      let place = Int.random(in: 0..<line.count, using: &random)
      if Bool.random(using: &random) {
        line[place] = replacements[Int.random(in: 0..<replacements.count, using: &random)]
      } else {
        line.remove(at: place)
      }
      let isJSON = (try? JSONSerialization.jsonObject(with: Data(line))) is [String: Any]
      var isRefused = false
      do {
        _ = try text(String(decoding: line, as: UTF8.self))
      } catch CorpusError.badJSON {
        isRefused = true
      } catch CorpusError.badField {}
      #expect(isRefused == !isJSON, "\(String(decoding: line, as: UTF8.self))")
      if isRefused { refused += 1 }
    }
    #expect(refused > 500 && refused < 2_900, "\(refused)")
  }
}
