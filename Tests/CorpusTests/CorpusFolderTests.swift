import Corpus
import Foundation
import TestSupport
import Testing

/// What a build finds at its destination, and what it leaves there.
@Suite struct CorpusFolderTests {
  @Test func theSameBuildIsReused() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", "a b c\n")
    let folder = scratch.url.appending(path: "corpus")
    let builder = try CorpusBuilder(tokenizer: scratch.letterTokenizer())
    let first = try builder.build(inputs: [input], into: folder)
    let before = try TemporaryFolder.contents(of: folder)
    // The same text under another name is the same input.
    let renamed = try scratch.write("renamed.txt", "a b c\n")
    for again in [input, renamed] {
      let second = try builder.build(inputs: [again], into: folder)
      #expect(second.isReused && second.manifest == first.manifest)
    }
    #expect(try TemporaryFolder.contents(of: folder) == before)
  }

  @Test func aDifferentCorpusIsLeftAsItIs() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", Array("a b c".utf8) + [0xFF])
    let folder = scratch.url.appending(path: "corpus")
    let tokenizer = try scratch.letterTokenizer()
    _ = try CorpusBuilder(tokenizer: tokenizer).build(inputs: [input], into: folder)
    let before = try TemporaryFolder.contents(of: folder)
    func differences(_ builder: CorpusBuilder, _ inputs: [URL]) throws -> String {
      let error = try #require(
        throws: CorpusError.self, performing: { try builder.build(inputs: inputs, into: folder) })
      guard case .differentCorpus(folder.path, let differences) = error else { throw error }
      #expect("\(error)".contains("choose another folder"))
      return differences.joined(separator: "; ")
    }
    let plain = try CorpusBuilder(tokenizer: tokenizer)
    let other = try scratch.write("other.txt", "x y")
    #expect(try differences(plain, [other]).contains("input 'other.txt'"))
    #expect(try differences(plain, [input, other]).contains("2 files, there 1"))
    #expect(
      try differences(
        CorpusBuilder(tokenizer: tokenizer, options: CorpusOptions(maxLength: 64)), [input])
        == "maximum length (asked 64, there 128)")
    #expect(
      try differences(CorpusBuilder(tokenizer: scratch.letterTokenizer(extra: ["new"])), [input])
        == "tokenizer")
    #expect(
      try differences(CorpusBuilder(tokenizer: tokenizer, strict: true), [input])
        .contains("not UTF-8"))
    #expect(try TemporaryFolder.contents(of: folder) == before)
  }

  @Test func aManifestOfBeforeIsReadAndRecognised() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", "a b c\n")
    let folder = scratch.url.appending(path: "corpus")
    let builder = try CorpusBuilder(tokenizer: scratch.letterTokenizer())
    let built = try builder.build(inputs: [input], into: folder).manifest
    let file = folder.appending(path: "manifest.json")
    var fields = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    var options = try #require(fields["options"] as? [String: Any])
    // What the first manifests had not.
    for name in ["cut", "onePerDocument", "deduplicate", "heldOut", "hasHeader", "skipsBadLines"] {
      #expect(options.removeValue(forKey: name) != nil, "\(name)")
    }
    #expect(fields.removeValue(forKey: "vocabularyDigest") != nil)
    fields["options"] = options
    try JSONSerialization.data(withJSONObject: fields).write(to: file)
    let again = try builder.build(inputs: [input], into: folder)
    #expect(again.isReused && again.manifest.options == built.options)
    #expect(again.manifest.vocabularyDigest == nil)
    try TokenizedCorpus.open(folder: folder).verify()
  }

  @Test func aFolderOfOtherThingsIsLeftAsItIs() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", "a b c\n")
    try scratch.write("corpus/thesis.tex", "important")
    let folder = scratch.url.appending(path: "corpus")
    let builder = try CorpusBuilder(tokenizer: scratch.letterTokenizer())
    #expect(throws: CorpusError.folderOccupied(folder: folder.path)) {
      try builder.build(inputs: [input], into: folder)
    }
    #expect(try TemporaryFolder.contents(of: folder).count == 1)
    // A file in the way, rather than a folder.
    #expect(throws: CorpusError.folderOccupied(folder: input.path)) {
      try builder.build(inputs: [input], into: input)
    }
  }

  @Test func anEmptyFolderIsFilled() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", "a b c\n")
    let folder = scratch.url.appending(path: "corpus")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let builder = try CorpusBuilder(tokenizer: scratch.letterTokenizer())
    #expect(try builder.build(inputs: [input], into: folder).isReused == false)
    try TokenizedCorpus.open(folder: folder).verify()
  }

  @Test func anErrorLeavesNothingBehind() throws {
    let scratch = try TemporaryFolder()
    let tokenizer = try scratch.letterTokenizer()
    let good = try scratch.write("in/1.txt", "a b c\n")
    let out = scratch.url.appending(path: "out")
    try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
    func fails(_ bytes: [UInt8], _ name: String, strict: Bool = false) throws -> CorpusError {
      let bad = try scratch.write("in/" + name, bytes)
      let builder = try CorpusBuilder(
        tokenizer: tokenizer, options: CorpusOptions(shardTokens: 1), strict: strict)
      let error = try #require(throws: CorpusError.self) {
        try builder.build(inputs: [good, bad], into: out.appending(path: "corpus"))
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: out.path).isEmpty)
      return error
    }
    let compressed = gzip(Array(String(repeating: "a b c\n", count: 10_000).utf8))
    guard case .badGzip = try fails(Array(compressed.dropLast(10)), "2.txt.gz"),
      case .badJSON(_, 2, _) = try fails(Array("{\"text\": \"a\"}\n{".utf8), "2.jsonl"),
      case .invalidUTF8(_, 1, 2) = try fails([65, 66, 0xFF], "2.txt", strict: true)
    else {
      Issue.record("an error of another kind")
      return
    }
  }

  @Test func textWithoutTokensIsAnEmptyCorpus() throws {
    let scratch = try TemporaryFolder()
    let inputs = [try scratch.write("1.txt", "\n  \n\t\n"), try scratch.write("2.txt", "")]
    let folder = scratch.url.appending(path: "corpus")
    let builder = try CorpusBuilder(tokenizer: scratch.letterTokenizer())
    #expect(throws: CorpusError.emptyCorpus(files: inputs.map(\.path), emptyDocuments: 3)) {
      try builder.build(inputs: inputs, into: folder)
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path))
  }

  @Test func whatAKilledRunLeftIsRemoved() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", "a b c\n")
    try scratch.write("corpus.partial-00aa/shard-00000.sqlite.partial", "half")
    let folder = scratch.url.appending(path: "corpus")
    _ = try CorpusBuilder(tokenizer: scratch.letterTokenizer()).build(inputs: [input], into: folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.url.path)
    #expect(names.filter { $0.hasPrefix("corpus") } == ["corpus"])
  }

  @Test func optionsOutOfRangeAreRefused() throws {
    let scratch = try TemporaryFolder()
    let tokenizer = try scratch.letterTokenizer()
    for options in [
      CorpusOptions(maxLength: 2), CorpusOptions(maxLength: 65_536), CorpusOptions(shardTokens: 0),
      CorpusOptions(replacements: [TextReplacement(from: "", to: "x")]),
      CorpusOptions(replacements: [TextReplacement(from: "a\nb", to: "x")]),
    ] {
      #expect(throws: CorpusError.self) {
        try CorpusBuilder(tokenizer: tokenizer, options: options)
      }
    }
  }

  @Test func aFolderThatCannotBeWrittenIsNamed() throws {
    let scratch = try TemporaryFolder()
    let input = try scratch.write("t.txt", "a b c\n")
    let builder = try CorpusBuilder(tokenizer: scratch.letterTokenizer())
    // A file where a folder above the destination should be.
    let error = #expect(throws: CorpusError.self) {
      try builder.build(inputs: [input], into: input.appending(path: "corpus"))
    }
    guard case .unwritable(input.path, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
