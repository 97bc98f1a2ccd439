import Corpus
import Foundation
import TestSupport
import Testing

/// The bytes of a corpus do not depend on threads.
@Suite struct JobsTests {
  @Test func anyNumberOfJobsGivesTheSameBytes() throws {
    let scratch = try TemporaryFolder()
    var random = SeededGenerator(seed: 11)
    let lines = (0..<4_000).map { _ in
      TemporaryFolder.letters(
        (0..<Int.random(in: 0...40, using: &random)).map { _ in
          Int.random(in: 0..<26, using: &random)
        })
    }
    let text = lines.joined(separator: "\n")
    let table = "n,text\n" + lines.enumerated().map { "\($0),\"\($1)\nx\"\n" }.joined()
    let inputs = [
      try scratch.write("1.txt", text), try scratch.write("2.txt.zst", zstd(Array(text.utf8))),
      try scratch.write("3.csv", table), try scratch.write("4.txt.gz", gzip(Array(text.utf8))),
    ]
    var options = CorpusOptions(maxLength: 24, documentUnit: .paragraph, shardTokens: 20_000)
    options.column = "text"
    options.cut = .sentence
    options.deduplicate = true
    options.heldOut = 0.3
    let contents = try [1, 2, 3].map { jobs in
      let builder = try CorpusBuilder(
        tokenizer: scratch.letterTokenizer(), options: options, jobs: jobs, unitBytes: 3_000)
      let folder = scratch.file("jobs-\(jobs)/corpus")
      _ = try builder.build(inputs: inputs, into: folder)
      return try TemporaryFolder.contents(of: scratch.file("jobs-\(jobs)"))
    }
    #expect(contents[0] == contents[1] && contents[0] == contents[2])
    #expect(contents[0].keys.contains("corpus/shard-00003.sqlite"))
    #expect(contents[0].keys.contains("corpus-held-out/shard-00000.sqlite"))
    #expect(contents[0].keys.allSatisfy { $0.hasPrefix("corpus") && !$0.contains("partial") })
  }
}
