import Corpus
import Foundation
import TestSupport
import Testing

@Suite struct ZstdSourceTests {
  private func lines(_ url: URL) throws -> [String] {
    try documents(try #require(try TextFile.list([url]).first))
  }

  @Test func framesAreJoined() throws {
    let folder = try TemporaryFolder()
    let expected = (0..<200_000).map { "number \($0)" }
    let bytes = Array(expected.joined(separator: "\n").utf8)
    let half = Array(bytes[..<700_001])
    let rest = Array(bytes[700_001...])
    #expect(try lines(folder.write("one.txt.zst", zstd(bytes))) == expected)
    #expect(
      try lines(folder.write("two.txt.zst", zstd(half) + zstd([]) + zstd(rest))) == expected)
  }

  @Test func everyTruncationAndDamageIsAnError() throws {
    let folder = try TemporaryFolder()
    let whole = zstd(Array("some text that is short\n".utf8))
    let others = [
      Array("this is not compressed at all".utf8), whole + Array("garbage".utf8),
      zstd(Array(String(repeating: "abc def ", count: 1_000).utf8)).dropLast(3),
    ]
    for bytes in (0..<whole.count).map({ Array(whole[..<$0]) }) + others {
      let file = try folder.write("t.txt.zst", bytes)
      let error = #expect(throws: CorpusError.self, "\(bytes.count) bytes") { try lines(file) }
      guard case .badZstd(file.path, _, _)? = error else {
        Issue.record("\(bytes.count) bytes: \(String(describing: error))")
        continue
      }
    }
  }
}
