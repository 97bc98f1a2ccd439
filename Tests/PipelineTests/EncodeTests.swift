import Foundation
import TestSupport
import Testing

/// `pipeline encode` and `pipeline decode` in a pipe.
@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct EncodeTests {
  private static let tokenizer = SharedFixtures.root
    .appending(path: "data/tokenizers/bert-base-uncased").path
  private static let text = "Run the teacher once, Café!\n\n[MASK] a  b\tc"

  private func lines(_ arguments: [String], input: String = Self.text) throws -> [String] {
    let outcome = try Pipeline.succeed(
      arguments + ["--tokenizer", Self.tokenizer], input: Data(input.utf8))
    return outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast().map(String.init)
  }

  @Test func eachLineGivesALineOfIDs() throws {
    #expect(
      try lines(["encode"]) == [
        "101 2448 1996 3836 2320 1010 7668 999 102", "101 102", "101 103 1037 1038 1039 102",
      ])
  }

  @Test func tokensAndOffsetsAreWrittenOnDemand() throws {
    #expect(
      try lines(["encode", "--format", "tokens", "--no-special-tokens"]) == [
        "run the teacher once , cafe !", "", "[MASK] a b c",
      ])
    #expect(
      try lines(["encode", "--format", "offsets", "--no-special-tokens"]) == [
        "0-3 4-7 8-15 16-20 20-21 22-26 26-27", "", "0-6 7-8 10-11 12-13",
      ])
  }

  @Test func specialTokensCanBeText() throws {
    #expect(
      try lines(["encode", "--format", "tokens", "--special-tokens-as-text"], input: "[MASK]\n")
        == ["[CLS] [ mask ] [SEP]"])
  }

  @Test func linesAreCutAtTheMaximumLength() throws {
    #expect(
      try lines(["encode", "--max-length", "4"]) == [
        "101 2448 1996 102", "101 102", "101 103 1037 102",
      ])
  }

  @Test func whatIsEncodedDecodes() throws {
    let ids = try lines(["encode"]).joined(separator: "\n") + "\n"
    #expect(try lines(["decode"], input: ids) == ["run the teacher once, cafe!", "", "a b c"])
    #expect(
      try lines(["decode", "--keep-special-tokens"], input: "[101, 103, 102]\n")
        == ["[CLS] [MASK] [SEP]"])
  }

  @Test func theOutputIsTheSameForAnyNumberOfJobs() throws {
    // Several blocks of a mebibyte.
    let text = (0..<60_000).map { "line \($0) of a longer text, naïve and 我是 mixed\n" }.joined()
    let one = try Pipeline.succeed(
      ["encode", "--tokenizer", Self.tokenizer], input: Data(text.utf8))
    let three = try Pipeline.succeed(
      ["encode", "--tokenizer", Self.tokenizer, "--jobs", "3"], input: Data(text.utf8))
    #expect(one.output == three.output)
    #expect(one.output.split(separator: "\n").count == 60_000)
  }

  @Test func recordsGivePairsAndOverflow() throws {
    let line = try lines(
      ["encode", "--records", "--max-length", "6", "--stride", "0"],
      input: #"{"text": "a b c", "pair": "d"}"# + "\n")[0]
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["ids"] as? [Int] == [101, 1037, 1038, 102, 1040, 102])
    #expect(object["type_ids"] as? [Int] == [0, 0, 0, 0, 1, 1])
    #expect((object["overflowing"] as? [[String: Any]])?.count == 1)
  }

  @Test func bytesThatAreNotUTF8AreRepairedOrNamed() throws {
    let bytes = Data("fine\na\u{E9}".utf8.dropLast(1)) + Data([0xFF]) + Data("b\n".utf8)
    let outcome = try Pipeline.succeed(["encode", "--tokenizer", Self.tokenizer], input: bytes)
    #expect(outcome.errors.contains("not UTF-8"))
    let strict = try Pipeline.run(
      ["encode", "--tokenizer", Self.tokenizer, "--strict"], input: bytes)
    #expect(strict.ending == .exited(1))
    #expect(strict.errors.contains("line 2"))
    #expect(strict.output == "101 2986 102\n", "what came before is written")
  }

  @Test(arguments: [
    (["decode"], "12 hello\n", "line 1"), (["decode"], "1\n99999999\n", "line 2"),
    (["encode", "--records"], "{\"text\": \"a\"}\nno\n", "line 2"),
    (
      ["encode", "--records", "--max-length", "5", "--stride", "9"], "{\"text\": \"a\"}\n", "stride"
    ),
  ])
  func badLinesAreNamed(arguments: [String], input: String, words: String) throws {
    let outcome = try Pipeline.run(
      arguments + ["--tokenizer", Self.tokenizer], input: Data(input.utf8))
    #expect(outcome.ending == .exited(1))
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
  }

  @Test func aMissingFileIsNamed() throws {
    let outcome = try Pipeline.run(["encode", "--tokenizer", Self.tokenizer, "no-such-file"])
    #expect(outcome.ending == .exited(1))
    #expect(outcome.errors.contains("no-such-file"))
  }
}
