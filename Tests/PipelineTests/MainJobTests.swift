import Foundation
import Testing
import Transformer

/// The three commands and `evaluate`, one after the other, as a user runs them.
struct MainJobTests {
  @Test func theStudentFolderHoldsModelAndTokenizer() throws {
    let work = try Workspace.shared()
    let names = try FolderContents(work.student).names
    for name in [
      "config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json", "tokenizer.json",
    ] {
      #expect(names.contains(name))
    }
    #expect(!names.contains { $0.contains("partial") || $0.contains("tmp") })
  }

  @Test func eachCommandSaysWhatItMade() throws {
    let said = try Workspace.shared().said
    #expect(said["tokenize"]?.contains("sequences") == true)
    #expect(said["train-teacher"]?.contains("30 steps") == true)
    #expect(said["cache-teacher"]?.contains("estimate: about") == true)
    #expect(said["cache-teacher"]?.contains("bytes a position") == true)
    #expect(said["train-student"]?.contains("12 steps") == true)
  }

  @Test func evaluatePrintsARowForEachModel() throws {
    let work = try Workspace.shared()
    let outcome = try Pipeline.succeed(
      ["evaluate", work.teacher, work.student, "--corpus", work.heldOut, "--threads", "1"]
        + ["--cache", work.cache])
    let lines = outcome.output.split(separator: "\n")
    for title in ["parameters", "on disk", "latency", "held-out loss", "accuracy"] {
      #expect(lines.first?.contains(title) == true)
    }
    #expect(lines.count { $0.hasPrefix(work.teacher + " ") } == 1)
    #expect(lines.count { $0.hasPrefix(work.student + " ") } == 1)
    #expect(lines.contains { $0.hasPrefix("the teacher ran once") })
    #expect(
      lines.contains { $0.contains(work.student) && $0.hasPrefix("experiments on its cache") })
  }

  @Test func evaluateWritesJSONThatAgreesWithTheModelFolders() throws {
    let work = try Workspace.shared()
    let reports = try Evaluation.reports(of: [work.teacher, work.student], corpus: work.heldOut)
    #expect(reports.map(\.name) == [work.teacher, work.student])
    for report in reports {
      let weights = URL(filePath: report.name).appending(path: "model.safetensors")
      let tensors = try Safetensors(url: weights)
      let values = tensors.tensorNames.map { tensors.shape(of: $0)?.reduce(1, *) ?? 0 }
      #expect(report.parameters == values.reduce(0, +))
      #expect(report.diskBytes == (try Data(contentsOf: weights).count))
      // A model that knows nothing has the logarithm of the vocabulary; these had a few steps.
      #expect(report.heldOut.loss > 1 && report.heldOut.loss < 7)
      #expect(report.heldOut.positions > 100)
    }
  }

  @Test func commandsRunAgainFindTheirResultAndChangeNoByte() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let corpus = try scratch.copy(work.corpus, as: "corpus")
    let teacher = try scratch.copy(work.teacher, as: "teacher")
    let cache = try scratch.copy(work.cache, as: "cache")
    let student = try scratch.copy(work.student, as: "student")
    let trainTeacher =
      ["train-teacher", "--corpus", work.corpus, "--output", teacher, "--layers", "2"]
      + ["--hidden-size", "32", "--heads", "2", "--positions", "64"]
      + Workspace.training(steps: 30)
    let before = try FolderContents(scratch.url.path)
    for (command, message) in [
      (Workspace.tokenize(work.text, vocabulary: work.vocabulary, output: corpus), "unchanged"),
      (trainTeacher, "finished before"),
      (work.cacheTeacher(output: cache), "was reused"),
      (work.trainStudent(output: student), "finished before"),
    ] {
      let outcome = try Pipeline.succeed(command)
      #expect(outcome.errors.contains(message), "\(outcome.summary)")
    }
    let after = try FolderContents(scratch.url.path)
    #expect(after.differences(from: before) == [])
  }

  @Test func aSecondStudentTrainsFromTheSameCache() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let cache = try scratch.copy(work.cache, as: "cache")
    let before = try FolderContents(cache)
    let student = scratch.path("student")
    let outcome = try Pipeline.succeed(
      ["train-student", "--from-cache", cache, "--layers", "2", "--hidden-size", "16"]
        + ["--heads", "2", "--output", student] + Workspace.training(steps: 4))
    // The teacher is wider, so its states cannot be compared with the student's.
    #expect(outcome.errors.contains("no cosine loss"))
    #expect(try FolderContents(cache).differences(from: before) == [])
    let model = try MaskedLanguageModel.load(folder: URL(filePath: student))
    #expect(model.configuration.hiddenSize == 16)
    #expect(model.configuration.numHiddenLayers == 2)
  }

  @Test func quietCommandsPrintNothing() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let teacher =
      ["train-teacher", "--corpus", work.corpus, "--output", scratch.path("teacher")]
      + [
        "--layers", "1", "--hidden-size", "16", "--eval-corpus", work.heldOut, "--eval-every", "1",
      ]
      + Workspace.training(steps: 2)
    for command in [
      Workspace.tokenize(
        work.text, vocabulary: work.vocabulary, output: scratch.path("corpus")), teacher,
      work.cacheTeacher(output: scratch.path("cache")),
      work.trainStudent(output: scratch.path("student"), ["--eval-corpus", work.heldOut]),
    ] {
      let outcome = try Pipeline.succeed(command + ["--quiet"])
      #expect(outcome.errors == "", "\(outcome.summary)")
      #expect(outcome.output == "", "\(outcome.summary)")
    }
    let evaluate = try Pipeline.succeed(
      ["evaluate", work.student, "--corpus", work.heldOut, "--threads", "1", "--quiet"])
    #expect(evaluate.errors == "")
    #expect(evaluate.output.contains(work.student))
  }
}
