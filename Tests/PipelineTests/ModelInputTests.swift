import Foundation
import Testing
import Transformer

/// Teachers and tokenizers that cannot be used: named with the reason, and nothing is written.
struct ModelInputTests {
  /// A copy of the teacher to damage, and the command that is given it.
  private struct Case {
    let work: Workspace
    let scratch: ScratchFolder
    let teacher: String

    init() throws {
      work = try Workspace.shared()
      scratch = try ScratchFolder()
      teacher = try scratch.copy(work.teacher, as: "teacher")
    }

    var weights: URL { URL(filePath: "\(teacher)/model.safetensors") }
    var configuration: URL { URL(filePath: "\(teacher)/config.json") }

    /// Runs `cache-teacher` with the copy; it has to say this, and to leave everything as it was.
    func expectRefusal(saying texts: [String]) throws {
      let before = try FolderContents(scratch.url.path)
      try Pipeline.expectFailure(
        ["cache-teacher", "--teacher", teacher, "--corpus", work.corpus]
          + ["--output", scratch.path("cache")], saying: texts)
      #expect(try FolderContents(scratch.url.path).differences(from: before) == [])
    }
  }

  @Test func aMissingVocabularyIsNamed() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let folder = scratch.path("tokenizer")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for path in [folder, scratch.path("nowhere")] {
      try Pipeline.expectFailure(
        Workspace.tokenize(work.text, vocabulary: path, output: scratch.path("corpus")),
        saying: ["\(path)/vocab.txt", "missing"])
    }
    #expect(try FolderContents(scratch.url.path).names == ["tokenizer"])
  }

  @Test func aTruncatedSafetensorsIsNamed() throws {
    let test = try Case()
    let bytes = try Data(contentsOf: test.weights)
    try bytes.prefix(bytes.count / 2).write(to: test.weights)
    try test.expectRefusal(saying: [test.weights.path, "is damaged", "lies at bytes"])
  }

  @Test func aHeaderThatDeclaresMoreThanTheFileHasIsNamed() throws {
    let test = try Case()
    var bytes = try Data(contentsOf: test.weights)
    let declared: UInt64 = 1 << 60
    withUnsafeBytes(of: declared.littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
    try bytes.write(to: test.weights)
    try test.expectRefusal(
      saying: [test.weights.path, "header declares \(declared) bytes", "file has \(bytes.count)"])
  }

  @Test func anotherArchitectureIsNamed() throws {
    let test = try Case()
    try Data(#"{"model_type": "gpt2", "vocab_size": 50257, "n_embd": 768}"#.utf8)
      .write(to: test.configuration)
    try test.expectRefusal(saying: [test.configuration.path, "gpt2", "bert, distilbert"])
  }

  @Test func aMissingConfigurationIsNamed() throws {
    let test = try Case()
    try FileManager.default.removeItem(at: test.configuration)
    try test.expectRefusal(saying: [test.configuration.path, "missing"])
  }

  @Test func weightsOfAnotherShapeAreNamed() throws {
    let test = try Case()
    let text = try String(contentsOf: test.configuration, encoding: .utf8)
      .replacingOccurrences(of: #""intermediate_size" : 128"#, with: #""intermediate_size" : 64"#)
    try Data(text.utf8).write(to: test.configuration)
    try test.expectRefusal(saying: [test.weights.path, "intermediate.dense", "128", "64"])
  }

  @Test func anEncoderWithoutAHeadIsRefusedByTheNamesOfWhatIsMissing() throws {
    let test = try Case()
    let tensors = try Safetensors(url: test.weights)
    let kept = try tensors.tensorNames.filter { !$0.hasPrefix("cls.") }.map {
      (name: $0, shape: tensors.shape(of: $0) ?? [], values: try tensors.floats($0))
    }
    #expect(kept.count < tensors.tensorNames.count)
    try Self.write(kept[...], [], to: test.weights)
    try test.expectRefusal(
      saying: [
        test.weights.path, "cls.predictions.transform.dense.weight", "cls.predictions.bias",
        "--add-mlm-head",
      ])
    // What the message says does help.
    try Pipeline.succeed(
      ["train-teacher", "--from", test.teacher, "--add-mlm-head", "--corpus", test.work.corpus]
        + ["--output", test.scratch.path("mended")] + Workspace.training(steps: 2))
    let mended = test.scratch.url.appending(path: "mended")
    #expect(try MaskedLanguageModel.load(folder: mended).configuration.hiddenSize == 32)
  }

  /// Writes tensors whose arrays have to stay where they are until all are written.
  private static func write(
    _ rest: ArraySlice<(name: String, shape: [Int], values: [Float])>,
    _ tensors: [SafetensorsWriter.Tensor], to url: URL
  ) throws {
    guard let first = rest.first else { return try SafetensorsWriter.write(tensors, to: url) }
    try first.values.withUnsafeBufferPointer {
      let tensor = SafetensorsWriter.Tensor(name: first.name, shape: first.shape, values: $0)
      try write(rest.dropFirst(), tensors + [tensor], to: url)
    }
  }

  @Test(arguments: [
    ["--hidden-size", "16777216", "--heads", "1"], ["--layers", "100000000"],
    ["--hidden-size", "4611686018427387904", "--heads", "1"], ["--layers", "16777216"],
  ])
  func modelsThatNoMemoryHoldsAreRefused(options: [String]) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    for command in [
      ["train-teacher", "--corpus", work.corpus], ["train-student", "--from-cache", work.cache],
    ] {
      // Wide enough that sixteen million layers fill any machine.
      let small = options.contains("--hidden-size") ? [] : ["--hidden-size", "256", "--heads", "2"]
      try Pipeline.expectFailure(
        command + options + small + ["--output", scratch.path("run")], saying: [options[1]])
    }
    #expect(try FolderContents(scratch.url.path).names == [])
  }

  @Test func aTeacherTooShortForTheCorpusIsRefusedBeforeItsFolderIsMade() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    try Pipeline.expectFailure(
      ["train-teacher", "--corpus", work.corpus, "--output", scratch.path("run")]
        + ["--positions", "8"],
      saying: ["sequences of \(Workspace.maxLength) tokens", "8 positions", "--max-length 8"])
    #expect(try FolderContents(scratch.url.path).names == [])
  }

  @Test func aTeacherOfAnotherVocabularyIsRefused() throws {
    let test = try Case()
    let words = try String(contentsOf: URL(filePath: test.work.vocabulary), encoding: .utf8)
    let vocabulary = try test.scratch.write("vocab.txt", (words + "oneword\n").utf8)
    let corpus = test.scratch.path("corpus")
    try Pipeline.succeed(
      Workspace.tokenize(test.work.heldOutText, vocabulary: vocabulary, output: corpus))
    try Pipeline.expectFailure(
      ["cache-teacher", "--teacher", test.teacher, "--corpus", corpus]
        + ["--output", test.scratch.path("cache")],
      saying: ["vocabulary", "tokenize it with the teacher's vocab.txt"])
  }
}
