import Crypto
import Foundation
import TestSupport
import Testing
import Tokenizer

/// Whole files by the cached fast path, against the digests of the reference's IDs.
@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct ReferenceDigestTests {
  struct Digests: Decodable {
    struct File: Decodable {
      let file: String
      let tokenizer: String
      let lines: Int
      let tokens: Int
      let sha256: String
    }
    let files: [File]
  }

  @Test func wholeFilesEqualTheReference() throws {
    let url = try #require(SharedFixtures.url("fixtures/tokenizer/digests.json"))
    let digests = try JSONDecoder().decode(Digests.self, from: Data(contentsOf: url))
    #expect(digests.files.count == 20)
    for (name, files) in Dictionary(grouping: digests.files, by: \.tokenizer) {
      let fast = try ReferenceTokenizers.named(name).makeTokenIDEncoder()
      for file in files {
        let bytes = try ReferenceFile.bytes(SharedFixtures.root.appending(path: file.file))
        var ids: [Int32] = []
        var lines = 0
        bytes.withUnsafeBytes { bytes in
          var start = 0
          while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            fast.appendTokenIDs(
              ofUTF8: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), to: &ids)
            lines += 1
            start = end + 1
          }
        }
        let digest = ids.map(\.littleEndian).withUnsafeBytes { SHA256.hash(data: $0) }
        let comment = Comment(rawValue: "\(file.file), \(name)")
        #expect(lines == file.lines, comment)
        #expect(ids.count == file.tokens, comment)
        #expect(digest.map { String(format: "%02x", $0) }.joined() == file.sha256, comment)
      }
    }
  }
}
