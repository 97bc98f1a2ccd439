import Foundation
import Testing
import Transformer

/// What a student is trained on, as the command line says it.
struct ObjectiveCommandTests {
  @Test func innerStatesAreCachedAndLearnedFromByANarrowerStudent() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (cache, part, student) =
      (scratch.path("cache"), scratch.path("part"), scratch.path("student"))
    try Pipeline.succeed(work.cacheTeacher(output: cache, ["--state-layers", "0,1,2"]))
    #expect(
      try Pipeline.succeed(["cache", "show", cache]).output.contains("states int8 of layers 0,1,2"))
    try Pipeline.succeed(["cache", "verify", cache])
    try Pipeline.succeed(
      ["cache", "verify", cache, "--live", "3", "--teacher", work.teacher, "--corpus", work.corpus])
    let exported = scratch.path("exported")
    try Pipeline.succeed(["cache", "export", cache, exported])
    let names = try FileManager.default.contentsOfDirectory(atPath: exported)
    let file = try #require(names.first { $0.hasPrefix("targets-") })
    let tensors = try Safetensors(url: URL(filePath: "\(exported)/\(file)"))
    #expect(tensors.shape(of: "states.0") == tensors.shape(of: "states"))
    #expect(tensors.shape(of: "states.1")?.last == 32)
    try Pipeline.succeed(["cache", "subset", cache, part, "--no-states"])

    let narrow =
      ["train-student", "--layers", "1", "--hidden-size", "16", "--heads", "2"]
      + Workspace.training(steps: 4) + ["--hidden-loss", "mse"]
    let outcome = try Pipeline.succeed(
      narrow + ["--from-cache", cache, "--hidden-map", "0:0,1:2", "--output", student]
        + ["--cosine-weight", "linear:0:2", "--temperature", "cosine:4:1"])
    #expect(outcome.errors.contains("3 learned projection(s)"))
    let metrics = try Evaluation.metricsWithoutTimes(student)
    #expect(metrics.allSatisfy { $0.contains("loss_hidden") && $0.contains("temperature") })
    let model = try Safetensors(url: URL(filePath: "\(student)/model.safetensors"))
    #expect(model.tensorNames.allSatisfy { !$0.contains("projection") })
    _ = try Evaluation.reports(of: [student], corpus: work.heldOut)

    // Layers that are not kept, of the whole and of the part.
    try Pipeline.expectFailure(
      narrow + ["--from-cache", work.cache, "--hidden-map", "1:1", "--output", scratch.path("a")],
      saying: ["keeps the states of layer 2, not of 1", "--state-layers 1,2"])
    try Pipeline.expectFailure(
      narrow + ["--from-cache", part, "--output", scratch.path("b")],
      saying: ["the cache keeps no hidden states", "--state-layers 2"])
    try Pipeline.expectFailure(
      narrow + ["--from-cache", cache, "--hidden-map", "2:1", "--output", scratch.path("c")],
      saying: ["--hidden-map 2:1: the student has layers 0 (the embeddings) to 1"])
    try Pipeline.expectFailure(
      work.cacheTeacher(output: scratch.path("d"), ["--state-layers", "1,3"]),
      saying: ["stateLayers", "0 (the embeddings) to 2"])
  }

  @Test func theRecipeIsOneWordAndAsksTheCacheForIt() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (cache, student) = (scratch.path("cache"), scratch.path("student"))
    let recipe = ["--recipe", "distilbert"]
    try Pipeline.expectFailure(
      work.trainStudent(output: student, recipe),
      saying: [
        "positions: masked, the recipe's is all",
        "exponent of the masks' weights: 0.0, the recipe's is 0.7",
        "'pipeline cache-teacher --recipe distilbert'",
      ])
    try Pipeline.succeed(work.cacheTeacher(output: cache, recipe + ["--head", "4", "--rank", "8"]))
    try Pipeline.succeed(
      work.trainStudent(
        output: student, recipe + ["--from-cache", cache, "--batch-sequences", "80"]))
    let run = try String(contentsOfFile: "\(student)/run.json", encoding: .utf8)
    #expect(run.contains("\"batchSequences\" : 80"))
    let usual = scratch.path("usual")
    try Pipeline.succeed(
      ["train-student", "--from-cache", cache, "--init-from", work.teacher, "--layers", "1"]
        + recipe + ["--output", usual, "--epochs", "1", "--batch-tokens", "1024"])
    let whole = try String(contentsOfFile: "\(usual)/run.json", encoding: .utf8)
    // The corpus has fewer sequences than one step of the recipe.
    #expect(whole.contains("\"batchSequences\" : 4000") && whole.contains("\"totalSteps\" : 1"))
  }

  @Test func positionsAreChosenFromTheCacheAsFromTheTeacher() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = scratch.path("cache")
    try Pipeline.succeed(
      work.cacheTeacher(output: cache, ["--positions", "all", "--tail", "hidden"]))
    let common =
      ["--init-from", work.teacher, "--layers", "1", "--positions-top-entropy", "0.2"]
      + Workspace.training(steps: 8)
    let (cached, online) = (scratch.path("cached"), scratch.path("online"))
    try Pipeline.succeed(["train-student", "--from-cache", cache, "--output", cached] + common)
    try Pipeline.succeed(
      ["train-student", "--corpus", work.corpus, "--online-teacher", work.teacher]
        + ["--positions", "all", "--output", online] + common)
    let reports = try Evaluation.reports(of: [cached, online], corpus: work.heldOut)
    let (first, second) = (reports[0].heldOut.loss, reports[1].heldOut.loss)
    #expect(abs(first - second) < 0.005 * second, "\(first) cached, \(second) online")
  }

  @Test(arguments: [
    ["--temperature", "step:4:1"], ["--hidden-weight", "1"], ["--hidden-map", "1:1"],
    ["--hidden-loss", "mse", "--hidden-map", "1"], ["--positions-top-entropy", "0"],
    ["--accumulate", "2", "--batch-sequences", "9"], ["--decay-share", "0.1"],
    ["--rate-schedule", "step"], ["--hidden-loss", "l1"], ["--recipe", "bert"],
    ["--hidden-loss", "mse", "--hard-labels"],
  ])
  func optionsThatCannotBeAreUsageErrors(options: [String]) throws {
    let outcome = try Pipeline.run(
      ["train-student", "--from-cache", "cache", "--output", "student"] + options)
    #expect(outcome.ending == .exited(64), "\(outcome.summary)")
  }
}
