import Corpus
import Foundation
import TestSupport
import Testing

/// Documents that are left out as duplicates, or held out.
@Suite struct SplitTests {
  private let scratch: TemporaryFolder

  init() throws { scratch = try TemporaryFolder() }

  private func build(
    _ inputs: [URL], into name: String, jobs: Int = 2, unitBytes: Int = 64,
    unit: DocumentUnit = .line, change: (inout CorpusOptions) -> Void
  ) throws -> CorpusBuildResult {
    var options = CorpusOptions(maxLength: 16, documentUnit: unit)
    change(&options)
    let builder = try CorpusBuilder(
      tokenizer: scratch.letterTokenizer(), options: options, jobs: jobs, unitBytes: unitBytes)
    return try builder.build(inputs: inputs, into: scratch.file(name))
  }

  /// Different documents of one to twelve letters, from a seed.
  private func letters(_ count: Int, seed: UInt64) -> [String] {
    var random = SeededGenerator(seed: seed)
    var found: Set<String> = []
    while found.count < count {
      let length = Int.random(in: 4...12, using: &random)
      found.insert(
        TemporaryFolder.letters((0..<length).map { _ in Int.random(in: 0..<26, using: &random) }))
    }
    return found.sorted()
  }

  @Test func exactDuplicatesAreLeftOutAcrossFilesAndFormats() throws {
    let inputs = [
      try scratch.write("1.txt", "a b\nc d\na b\n\n\nA b\n"),
      try scratch.write("2.jsonl", "{\"text\": \"c d\"}\n{\"text\": \"e\"}\n"),
    ]
    let manifest = try build(inputs, into: "corpus") { $0.deduplicate = true }.manifest
    #expect(try texts(of: scratch.file("corpus")) == ["ab", "cd", "ab", "e"])
    #expect(manifest.duplicateDocuments == 2 && manifest.documents == 4)
    // Documents without text are counted as such, not as duplicates of each other.
    #expect(manifest.emptyDocuments == 2)
    #expect(try build(inputs, into: "all") { _ in }.manifest.duplicateDocuments == nil)
  }

  @Test func paragraphsAndFilesAreComparedAsAWhole() throws {
    let inputs = [
      try scratch.write("1.txt", "a b\nc\n\na b\nd\n \na b\nc"),
      try scratch.write("2.txt", "a b\nc"),
      try scratch.write("3.txt", "a b\nc"),
    ]
    _ = try build(inputs, into: "p", unitBytes: 1, unit: .paragraph) { $0.deduplicate = true }
    #expect(try texts(of: scratch.file("p")) == ["abc", "abd"])
    _ = try build(inputs, into: "f", unitBytes: 1, unit: .file) { $0.deduplicate = true }
    #expect(try texts(of: scratch.file("f")) == ["abcabdabc", "abc"])
  }

  @Test func heldOutAndRestAreTheWholeInAnyOrderOfInputs() throws {
    let all = letters(600, seed: 3)
    let inputs = [
      try scratch.write("1.txt", all[..<250].joined(separator: "\n")),
      try scratch.write("2.txt", all[250...].joined(separator: "\n")),
    ]
    let result = try build(inputs, into: "a") { $0.heldOut = 0.2 }
    _ = try build(inputs.reversed(), into: "b", jobs: 1, unitBytes: 1 << 20) { $0.heldOut = 0.2 }
    let (rest, held) = (
      try texts(of: scratch.file("a")), try texts(of: scratch.file("a-held-out"))
    )
    #expect(Set(rest).isDisjoint(with: held))
    #expect(
      (rest + held).sorted() == all.map { $0.replacing(" ", with: "") }.sorted())
    // 600 draws of 0.2: 120, standard deviation 10.
    #expect((70...170).contains(held.count), "\(held.count)")
    #expect(try texts(of: scratch.file("b")).sorted() == rest.sorted())
    #expect(try texts(of: scratch.file("b-held-out")).sorted() == held.sorted())
    let heldOut = try #require(result.heldOut)
    #expect(heldOut.isHeldOut == true && result.manifest.isHeldOut == false)
    #expect(heldOut.documents + result.manifest.documents == 600)
    #expect(try TokenizedCorpus.open(folder: scratch.file("a-held-out")).manifest == heldOut)
  }

  @Test func bothPartsAreReusedOrRefused() throws {
    let input = try scratch.write("t.txt", letters(100, seed: 4).joined(separator: "\n"))
    let first = try build([input], into: "c") { $0.heldOut = 0.5 }
    let second = try build([input], into: "c") { $0.heldOut = 0.5 }
    #expect(second.isReused && second.manifest == first.manifest)
    #expect(second.heldOut == first.heldOut)
    #expect(throws: CorpusError.self) { try build([input], into: "c") { $0.heldOut = 0.4 } }
    try FileManager.default.removeItem(at: scratch.file("c-held-out"))
    #expect(throws: CorpusError.self) { try build([input], into: "c") { $0.heldOut = 0.5 } }
    // Nothing held out, and nothing left.
    for share in [1e-9, 0.999_999] {
      #expect(throws: CorpusError.self) { try build([input], into: "d") { $0.heldOut = share } }
      #expect(!FileManager.default.fileExists(atPath: scratch.file("d-held-out").path))
    }
  }
}
