import Foundation
import Testing

/// A run's folder as its user sees it: what begins it again, what goes on with it, what it says.
struct RunCommandTests {
  /// A student with evaluations, 12 steps.
  func command(_ work: Workspace, _ output: String, _ more: [String] = []) -> [String] {
    work.trainStudent(
      output: output,
      ["--eval-corpus", work.heldOut, "--eval-every", "4", "--checkpoint-every", "2"] + more)
  }

  func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  @Test func theOptionsOfARunRepeatIt() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (first, second) = (scratch.path("first"), scratch.path("second"))
    try Pipeline.succeed(
      command(work, first, ["--tail", "bucket", "--weight-decay", "0.01", "--seed", "77"]))
    try Pipeline.succeed(["train-student", "--config", "\(first)/run.yaml", "--output", second])
    let (expected, found) = (try FolderContents(first), try FolderContents(second))
    for name in ["model.safetensors", "config.json", "run.json"] {
      #expect(found.files[name] == expected.files[name], "\(name)")
    }
    let options = try String(contentsOfFile: "\(first)/run.yaml", encoding: .utf8)
    for line in [
      "from-cache: [\(work.cache)]", "layers: 1", "steps: 12", "learning-rate: 0.0005",
      "tail: bucket", "seed: 77", "threads: 1", "kl-weight: 5", "spike-factor: 3.0",
      "output: \(first)", "adam-beta2: 0.98",
    ] {
      #expect(options.contains("\n\(line)\n"), "'\(line)' is not in\n\(options)")
    }
  }

  @Test(arguments: [["--hard-labels"], ["--online-teacher"], ["--hard-labels", "--epochs", "1"]])
  func theOptionsOfABaselineRepeatIt(kind: [String]) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (first, second) = (scratch.path("first"), scratch.path("second"))
    let teacher = kind.contains("--online-teacher") ? [work.teacher] : []
    let length = kind.contains("--epochs") ? [] : ["--steps", "4"]
    try Pipeline.succeed(
      ["train-student", "--corpus", work.corpus, "--layers", "1", "--hidden-size", "32"]
        + ["--heads", "2", "--batch-tokens", "2048", "--threads", "1", "--output", first]
        + kind + teacher + length)
    try Pipeline.succeed(["train-student", "--config", "\(first)/run.yaml", "--output", second])
    let (expected, found) = (try FolderContents(first), try FolderContents(second))
    for name in ["model.safetensors", "run.json"] {
      #expect(found.files[name] == expected.files[name], "\(name)")
    }
  }

  @Test(arguments: [
    ["--kl-weight", "linear:5:1", "--temperature", "cosine:4:1", "--rate-schedule", "wsd"],
    ["--batch-sequences", "40", "--cosine-weight", "wsd:1:0.2:0.2", "--decay-share", "0.5"]
      + ["--rate-schedule", "wsd", "--positions-top-entropy", "0.5", "--project-states"],
    ["--hidden-loss", "mse", "--hidden-map", "1:2", "--hidden-weight", "linear:1:0"],
    ["--hidden-loss", "cosine", "--spike-factor", "0", "--keep-checkpoints", "5"],
  ])
  func theOptionsOfARecipeRepeatIt(options: [String]) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (first, second) = (scratch.path("first"), scratch.path("second"))
    try Pipeline.succeed(work.trainStudent(output: first, options))
    try Pipeline.succeed(["train-student", "--config", "\(first)/run.yaml", "--output", second])
    let (expected, found) = (try FolderContents(first), try FolderContents(second))
    for name in ["model.safetensors", "run.json"] {
      #expect(found.files[name] == expected.files[name], "\(name)")
    }
  }

  @Test func theOptionsOfATeachersRunRepeatIt() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let second = scratch.path("second")
    try Pipeline.succeed(
      ["train-teacher", "--config", "\(work.teacher)/run.yaml", "--output", second])
    let (expected, found) = (try FolderContents(work.teacher), try FolderContents(second))
    for name in ["model.safetensors", "run.json"] {
      #expect(found.files[name] == expected.files[name], "\(name)")
    }
  }

  @Test func resumeNeedsNoOtherOptionAndWorksFromAnyFolder() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (whole, student) = (scratch.path("whole"), scratch.path("student"))
    // So many that the kill comes before the end on a busy machine too.
    let steps = ["--steps", "80"]
    try Pipeline.succeed(command(work, whole, steps))
    try Pipeline.kill(command(work, student, steps), writing: student) {
      exists("\(student)/checkpoints/step-0000004")
    }
    let moved = scratch.path("moved")
    try FileManager.default.moveItem(atPath: student, toPath: moved)
    let outcome = try Pipeline.succeed(["train-student", "--resume", "\(moved)/"])
    #expect(outcome.errors.contains("resuming after step "))
    #expect(
      try FolderContents(moved).files["model.safetensors"]
        == FolderContents(whole).files["model.safetensors"])
    #expect(try Evaluation.metricsWithoutTimes(moved) == Evaluation.metricsWithoutTimes(whole))
    #expect(!exists(student))
    let again = try Pipeline.succeed(["train-student", "--resume=\(moved)"])
    #expect(again.errors.contains("this run was finished before"))
    let log = try String(contentsOfFile: "\(moved)/log.txt", encoding: .utf8)
    #expect(log.contains("Z resuming after step ") && log.contains("Z step 80: held-out loss"))
    #expect(log.split(separator: "\n").count { $0.contains(" kernels: ") } == 2)

    try Pipeline.expectFailure(
      ["train-student", "--resume", moved, "--learning-rate", "0.5", "--seed", "3"],
      saying: ["configuration.learningRate is", "configuration.seed is 1 there, 3 now"])
    let other = try Pipeline.run(["train-student", "--resume", moved, "--output", whole])
    #expect(other.ending == .exited(64) && other.errors.contains("leave out --output"))
    let both = try Pipeline.run(
      ["train-student", "--resume", moved, "--config", "\(whole)/run.yaml"])
    #expect(both.ending == .exited(64) && both.errors.contains("leave out --config"))
    try Pipeline.expectFailure(
      ["train-student", "--resume", work.cache], saying: ["holds no run to go on with"])
    try Pipeline.expectFailure(
      ["train-student", "--resume", scratch.path("none")], saying: ["holds no run to go on with"])
    try FileManager.default.removeItem(atPath: "\(moved)/run.yaml")
    try Pipeline.expectFailure(
      ["train-student", "--resume", moved], saying: ["give the command that began it again"])
  }

  /// Sums over more threads are taken in another order. Measured on a larger model: losses of twelve
  /// steps in single precision differ by up to 2.5e-7 of themselves; 40 times that is allowed.
  @Test func resumeWithOtherThreadsEndsInTheSameWeightsUpToRounding() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let student = scratch.path("student")
    let precision = ["--precision", "fp32", "--log-every", "1"]
    let whole = scratch.path("whole")
    try Pipeline.succeed(command(work, whole, precision))
    _ = try Pipeline.run(command(work, student, precision)) {
      exists("\(student)/checkpoints/step-0000006")
    }
    try Pipeline.succeed(["train-student", "--resume", student, "--threads", "2"])
    let (expected, found) = (try Evaluation.metrics(whole), try Evaluation.metrics(student))
    #expect(found.count == expected.count)
    for (line, other) in zip(found, expected) {
      for key in ["loss", "eval_loss", "grad_norm"] {
        guard let value = other[key] else { continue }
        #expect(abs((line[key] ?? .nan) - value) <= 1e-5 * abs(value), "\(key) at \(other)")
      }
    }
  }

  @Test func theBestStudentIsExportedWhereAskedFor() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let student = scratch.path("student")
    // A rate at which the loss rises in the end.
    let options =
      ["--learning-rate", "1", "--warmup-share", "0.9", "--spike-factor", "0"]
      + ["--eval-every", "1"]
    let last = try Pipeline.succeed(command(work, student, options))
    #expect(last.errors.contains("(the last step)"))
    let outcome = try Pipeline.succeed(
      ["train-student", "--resume", student, "--export", "best"])
    #expect(outcome.errors.contains("the best, held-out loss"))
    let losses = try Evaluation.metrics(student).compactMap { $0["eval_loss"] }
    let best = try #require(losses.min())
    #expect(losses.last != best)
    let report = try Evaluation.reports(of: [student], corpus: work.heldOut)
    // In fp32, where the run may have evaluated in bf16.
    #expect(abs(try #require(report.first).heldOut.loss - best) < 0.02)
    let wrong = try Pipeline.run(work.trainStudent(output: student, ["--export", "best"]))
    #expect(wrong.ending == .exited(64) && wrong.errors.contains("--eval-corpus"))
  }

  @Test func jsonLinesSayWhatHappensAndMessagesStayOnStandardError() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let student = scratch.path("student")
    let outcome = try Pipeline.succeed(command(work, student, ["--json", "--log-every", "2"]))
    let lines = try outcome.output.split(separator: "\n").map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    let events = lines.compactMap { $0["event"] as? String }
    #expect(events.first == "begin" && events.last == "finished" && events.count == lines.count)
    #expect(Set(events) == ["begin", "step", "evaluation", "checkpoint", "finished"])
    let steps = lines.filter { $0["event"] as? String == "step" }
    let metrics = try Evaluation.metrics(student).filter { $0["loss"] != nil }
    #expect(steps.count == metrics.count)
    for (step, line) in zip(steps, metrics) {
      #expect((step["total_steps"] as? Int) == 12)
      for (key, value) in line { #expect((step[key] as? NSNumber)?.doubleValue == value) }
    }
    #expect((lines.last?["steps"] as? Int) == 12 && lines.last?["exported"] as? String == "last")
    #expect(outcome.errors.contains("held-out loss"))
    let quiet = try Pipeline.succeed(command(work, scratch.path("quiet"), ["--quiet"]))
    #expect(quiet.errors == "" && quiet.output == "")
    let log = try String(contentsOfFile: scratch.path("quiet/log.txt"), encoding: .utf8)
    #expect(log.contains("held-out loss"))
  }

  @Test func aReadOnlyFolderIsSaid() throws {
    let work = try Workspace.shared()
    // Root may write everywhere but in the kernel's own file systems.
    try Pipeline.expectFailure(
      command(work, "/proc/student"), saying: ["cannot write '/proc/student'"])
  }
}
