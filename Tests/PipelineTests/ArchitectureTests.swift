import Foundation
import Testing
import Transformer

#if canImport(Glibc)
  import Glibc
#endif

/// Teachers and students of the other families, from `train-teacher` to `evaluate`.
struct ArchitectureTests {
  /// An ALBERT of two layers, trained a little: hidden size 32, embeddings of 12.
  static let albert = Result {
    let work = try Workspace.shared()
    let folder = work.teacher + "-albert"
    try Pipeline.succeed(
      ["train-teacher", "--architecture", "albert", "--corpus", work.corpus, "--output", folder]
        + ["--layers", "2", "--hidden-size", "32", "--heads", "2", "--embedding-size", "12"]
        + ["--positions", "64"] + Workspace.training(steps: 30))
    return folder
  }

  private static func cache(_ options: [String], _ output: String) throws {
    let work = try Workspace.shared()
    try Pipeline.succeed(
      ["cache-teacher", "--teacher", albert.get(), "--corpus", work.corpus, "--output", output]
        + ["--threads", "1"] + options)
  }

  @Test(arguments: ["lowrank", "hidden", "scalars"])
  func studentsOfEveryFamilyTrainFromAnAlbertsCache(tail: String) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = scratch.path("cache")
    try Self.cache(["--tail", tail], cache)
    // Ranks are of the decoder's input, which has the width of the embeddings.
    let shown = try Pipeline.succeed(["cache", "show", cache]).output
    #expect(shown.contains("albert, 2 layers of 32, embeddings of 12"))
    if tail == "lowrank" { #expect(shown.contains("rank 12")) }
    try Pipeline.succeed(["cache", "verify", cache])
    let teacher = try Self.albert.get()
    var folders = [teacher]
    for (name, options) in [
      ("albert", ["--architecture", "albert", "--init-from", teacher, "--layers", "2"]),
      ("distilbert", ["--layers", "1", "--heads", "2"]),
      ("bert", ["--architecture", "bert", "--layers", "1", "--hidden-size", "16", "--heads", "2"]),
    ] {
      folders.append(scratch.path(name))
      try Pipeline.succeed(
        ["train-student", "--from-cache", cache, "--output", scratch.path(name)] + options
          + Workspace.training(steps: 6))
      let folder = URL(filePath: scratch.path(name))
      #expect(
        try MaskedLanguageModel.load(folder: folder).configuration.architecture.rawValue == name)
    }
    let reports = try Evaluation.reports(of: folders, corpus: work.heldOut)
    // The student that starts as the teacher is as good as it, the others as those that know little.
    #expect(reports[1].heldOut.loss < reports[0].heldOut.loss + 0.05)
    for report in reports { #expect(report.heldOut.loss > 1 && report.heldOut.loss < 7) }
  }

  /// A bound for what int8 inputs of the decoder lose; the products differ in nothing else.
  @Test func hiddenTailsTrainTheStudentThatTheOnlineAlbertTrains() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (cache, teacher) = (scratch.path("cache"), try Self.albert.get())
    try Self.cache(["--tail", "hidden"], cache)
    let common = ["--layers", "1", "--hidden-size", "32", "--heads", "2"]
    let sources = [
      ["--from-cache", cache], ["--corpus", work.corpus, "--online-teacher", teacher],
    ]
    let folders = try sources.enumerated().map { index, source in
      let folder = scratch.path("student-\(index)")
      try Pipeline.succeed(
        ["train-student", "--output", folder] + source + common + Workspace.training(steps: 12))
      return folder
    }
    let losses = try Evaluation.reports(of: folders, corpus: work.heldOut).map(\.heldOut.loss)
    #expect(abs(losses[0] - losses[1]) < 0.005 * losses[1], "\(losses)")
  }

  @Test func aStudentCanBeATeacherAndAStartOfOthers() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (bert, cache) = (scratch.path("bert"), scratch.path("cache"))
    try Pipeline.succeed(
      work.trainStudent(output: bert, ["--architecture", "bert", "--layers", "2"]))
    try Pipeline.succeed(
      ["cache-teacher", "--teacher", bert, "--corpus", work.corpus, "--output", cache]
        + ["--threads", "1"])
    for (name, options) in [
      ("narrow", ["--init-from", bert, "--layers", "1", "--hidden-size", "16"]),
      ("albert", ["--init-from", bert, "--architecture", "albert", "--embedding-size", "8"]),
      ("deep", ["--init-from", work.student, "--init-layers", "0,0"]),
    ] {
      try Pipeline.succeed(
        ["train-student", "--from-cache", cache, "--output", scratch.path(name)] + options
          + Workspace.training(steps: 3))
    }
    func shape(_ name: String) throws -> EncoderConfiguration {
      try ConfigurationFile.read(folder: URL(filePath: scratch.path(name)))
    }
    let narrow = try shape("narrow")
    #expect(narrow.numAttentionHeads == 1 && narrow.intermediateSize == 64)
    #expect(try shape("albert").embeddingSize == 8)
    #expect(try shape("deep").numHiddenLayers == 2)
  }

  @Test func whatAnAlbertsCacheHoldsIsMeasuredPlannedAndExported() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (cache, teacher) = (scratch.path("cache"), try Self.albert.get())
    try Self.cache(["--tail", "hidden", "--states", "int8"], cache)
    try Pipeline.succeed(["cache", "fidelity", cache])
    try Pipeline.succeed(
      ["cache", "verify", cache, "--live", "2", "--teacher", teacher]
        + ["--corpus", work.corpus])
    try Pipeline.succeed(["cache", "export", cache, scratch.path("exported")])
    let targets = try Safetensors(
      url: scratch.url.appending(path: "exported/targets-00000-00000.safetensors"))
    let rows = try #require(targets.shape(of: "rows"))[0]
    #expect(targets.shape(of: "decoder_input") == [rows, 12])
    #expect(targets.shape(of: "states") == [rows, 32])
    let plan = try Pipeline.succeed(
      ["plan", "--teacher", teacher, "--corpus", work.corpus, "--threads", "1", "--rows", "8"]
        + ["--heads", "4", "--ranks", "8", "16", "--json"])
    #expect(plan.output.contains("rank 8") && !plan.output.contains("rank 16"))
    try Pipeline.expectFailure(
      ["cache-teacher", "--teacher", teacher, "--corpus", work.corpus, "--tail", "hidden"]
        + ["--states", "shared", "--output", scratch.path("shared")],
      saying: ["'shared' needs a decoder's input as wide as the states", "12 and 32"])
  }

  @Test(arguments: [
    (["--init-width", "first"], "--init-width"), (["--fold-token-types"], "--init-from"),
    (["--embedding-size", "8"], "--architecture albert"), (["--architecture", "gpt2"], "'gpt2'"),
    (["--init-from", "m", "--architecture", "bert", "--fold-token-types"], "--fold-token-types"),
    (["--init-from", "m", "--init-width", "last"], "'last'"),
    (["--init-from", "m", "--hidden-size", "0"], "--hidden-size 0"),
  ])
  func wrongUsageIsNamed(options: [String], text: String) throws {
    try expectUsageError(
      ["train-student", "--from-cache", "c", "--output", "o"] + options, saying: text)
  }

  @Test(arguments: [
    (["--embedding-size", "8"], "--architecture albert"),
    (["--architecture", "bert", "--embedding-size", "8"], "--architecture albert"),
    (["--architecture", "albert", "--from", "m"], "--from says which it is"),
    (["--architecture", "albert", "--model-config", "c"], "--model-config says which it is"),
    (["--hidden-size", "10", "--heads", "3"], "no positive multiple"),
  ])
  func wrongUsageOfATeacherIsNamed(options: [String], text: String) throws {
    let corpus = try Workspace.shared().corpus
    let scratch = try ScratchFolder()
    try expectUsageError(
      ["train-teacher", "--corpus", corpus, "--output", scratch.path("o")] + options, saying: text)
    #expect(try FolderContents(scratch.url.path).names == [])
  }

  private func expectUsageError(_ command: [String], saying text: String) throws {
    let outcome = try Pipeline.run(command)
    #expect(outcome.ending == .exited(64), "\(outcome.summary)")
    #expect(outcome.errors.contains(text), "\(outcome.summary)")
  }

  @Test(arguments: [
    (["--hidden-size", "24"], "hidden_size 24 of 1 heads"),
    (["--hidden-size", "64"], "hidden_size: student 64, the model 32"),
    (["--intermediate-size", "999"], "intermediate_size: student 999, the model 128"),
    (["--init-layers", "0,7"], "layers 0 to 1"), (["--layers", "5"], "--init-layers"),
    (["--init-layers", "0,,1"], "'0,,1'"),
  ])
  func aStartThatCannotBeIsNamedAndWritesNothing(options: [String], text: String) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let outcome = try Pipeline.run(
      ["train-student", "--from-cache", work.cache, "--output", scratch.path("o")]
        + ["--init-from", work.teacher] + options)
    #expect(outcome.errors.contains(text), "\(outcome.summary)")
    #expect(outcome.ending != .exited(0))
    #expect(try FolderContents(scratch.url.path).names == [])
  }

  @Test func helpNamesTheFamiliesAndTheStarts() throws {
    for (command, names) in [
      (
        "train-student",
        [
          "--architecture", "--embedding-size", "--init-layers", "--init-width",
          "--fold-token-types",
        ]
      ), ("train-teacher", ["--architecture", "--embedding-size", "--intermediate-size"]),
    ] {
      let help = try Pipeline.succeed([command, "--help"]).output
      for name in names + ["albert"] { #expect(help.contains(name), "\(name) of \(command)") }
    }
  }

  @Test func anAlbertThatIsKilledEndsInTheSameBytes() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    func command(_ name: String) -> [String] {
      work.trainStudent(
        output: scratch.path(name),
        ["--architecture", "albert", "--embedding-size", "8", "--layers", "2", "--steps", "100"]
          + ["--checkpoint-every", "3"])
    }
    try Pipeline.succeed(command("whole"))
    try Pipeline.kill(command("killed"), writing: scratch.path("killed")) {
      FileManager.default.fileExists(atPath: scratch.path("killed/checkpoints/step-0000003"))
    }
    try Pipeline.succeed(command("killed"))
    let weights = try ["whole", "killed"].map {
      try Data(contentsOf: scratch.url.appending(path: "\($0)/model.safetensors"))
    }
    #expect(weights[0] == weights[1])
  }
}
