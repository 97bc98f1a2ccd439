import Corpus
import Foundation
import TestSupport
import Testing

@Suite struct GzipSourceTests {
  private func text(_ url: URL) throws -> String {
    let source = try TextSource(file: try #require(try TextFile.list([url]).first), unit: .line)
    var lines: [String] = []
    try source.forEachEvent {
      if case .text(let bytes) = $0 { lines.append(String(decoding: bytes, as: UTF8.self)) }
    }
    return lines.joined(separator: "\n")
  }

  @Test func membersAreJoinedAndPaddingIsPassedOver() throws {
    let folder = try TemporaryFolder()
    let long = (0..<50_000).map { "number \($0)" }.joined(separator: "\n")
    let half = Array(long.utf8.prefix(300_001))
    let rest = Array(long.utf8.dropFirst(300_001))
    #expect(try text(folder.write("one.txt.gz", gzip(Array(long.utf8)))) == long)
    #expect(try text(folder.write("two.txt.gz", gzip(half) + gzip([]) + gzip(rest))) == long)
    #expect(
      try text(
        folder.write("pad.txt.gz", gzip(half) + gzip(rest) + [UInt8](repeating: 0, count: 999)))
        == long)
  }

  @Test func everyTruncationIsAnError() throws {
    let folder = try TemporaryFolder()
    let whole = gzip(Array("some text that is short\n".utf8))
    for count in 0..<whole.count {
      let file = try folder.write("t.txt.gz", whole[..<count])
      let error = #expect(throws: CorpusError.self, "cut to \(count) bytes") { try text(file) }
      guard case .badGzip(let path, count, let reason)? = error else {
        Issue.record("cut to \(count) bytes: \(String(describing: error))")
        continue
      }
      #expect(path == file.path && (reason.contains("ends early") || reason.contains("empty")))
    }
  }

  @Test func damageAndOtherFilesAreErrors() throws {
    let folder = try TemporaryFolder()
    var damaged = gzip(Array(String(repeating: "abc def ", count: 1_000).utf8))
    // The checksum of the content: the last eight bytes are CRC-32 and length.
    damaged[damaged.count - 8] ^= 1
    let cases = [
      damaged, Array("this is not compressed at all".utf8), gzip([65]) + Array("garbage".utf8),
    ]
    for bytes in cases {
      let file = try folder.write("t.txt.gz", bytes)
      let error = #expect(throws: CorpusError.self) { try text(file) }
      guard case .badGzip? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }
}
