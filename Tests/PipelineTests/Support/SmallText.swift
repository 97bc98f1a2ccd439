import Foundation
import TestSupport

/// A few hundred lines of the repository's text, and a vocabulary made from them.
enum SmallText {
  /// The first lines of a gzipped file below `data/`.
  static func lines(_ name: String, count: Int) throws -> String {
    let file = SharedFixtures.repository.appending(path: "data/wikitext/\(name)")
    let outcome = try ChildProcess.run("gzip", ["-dc", file.path])
    guard outcome.ending == .exited(0) else { throw ProcessFailure(description: outcome.summary) }
    return outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
      .prefix(count).map { $0 + "\n" }.joined()
  }

  /// The lines of a `vocab.txt`: special tokens, every printable ASCII character, letters and digits
  /// as continuations, and the commonest words.
  static func vocabulary(of text: String, words: Int) -> [String] {
    let isWordByte: (UInt8) -> Bool = { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    var counts: [String: Int] = [:]
    for word in text.lowercased().utf8.split(whereSeparator: { !isWordByte($0) }) {
      counts[String(decoding: word, as: UTF8.self), default: 0] += 1
    }
    let commonest = counts.filter { $0.key.count > 1 }
      .sorted { ($0.value, $1.key) > ($1.value, $0.key) }
      .prefix(words).map(\.key)
    let characters = (UInt8(ascii: "!")...UInt8(ascii: "~")).map { Character(UnicodeScalar($0)) }
      .filter { !$0.isUppercase }
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + characters.map(String.init)
      + characters.filter { $0.isLetter || $0.isNumber }.map { "##\($0)" } + commonest
  }
}
