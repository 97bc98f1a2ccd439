import Foundation
import TestSupport
import Testing
import Transformer

/// `pipeline cache export`, `inputs` and `import`: soft targets for, and of, other programs.
struct CacheExchangeTests {
  private func tensors(_ folder: String) throws -> [Safetensors] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .filter { $0.hasPrefix("targets-") }
      .map { try Safetensors(url: URL(filePath: "\(folder)/\($0)")) }
  }

  @Test func exportsHoldTheCorpusAndItsSoftTargets() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let folder = scratch.path("exported")
    let outcome = try Pipeline.succeed(
      ["cache", "export", work.cache, folder, "--blocks-per-file", "2"])
    #expect(outcome.output.contains("positions"))
    let files = try tensors(folder)
    #expect(files.count > 6)
    for file in files {
      let rows = try #require(file.shape(of: "rows")).first ?? 0
      #expect(file.shape(of: "top_ids") == [rows, 16])
      #expect(file.shape(of: "top_logits") == [rows, 16])
      #expect(file.shape(of: "tail_partitions") == [rows, 3])
      #expect(file.shape(of: "tail_coefficients") == [rows, 32])
      #expect(file.shape(of: "states") == [rows, 32])
      let lengths = try file.integers("lengths")
      #expect(file.shape(of: "token_ids") == [lengths.reduce(0, +)])
      let logits = try file.floats("top_logits")
      for row in 0..<rows {
        let head = logits[row * 16..<(row + 1) * 16]
        #expect(head.first == 0 && zip(head, head.dropFirst()).allSatisfy(>=))
      }
      guard let audited = file.shape(of: "audit_rows")?.first else { continue }
      let places = try file.integers("audit_rows")
      let full = try file.floats("audit_logits")
      let ids = try file.integers("top_ids")
      let vocabSize = full.count / audited
      for (index, row) in places.enumerated() {
        let all = full[index * vocabSize..<(index + 1) * vocabSize]
        let largest = try #require(all.max())
        for entry in row * 16..<(row + 1) * 16 {
          // Half a quantisation step of 1/16.
          #expect(abs(all[all.startIndex + ids[entry]] - largest - logits[entry]) < 0.0314)
        }
      }
    }
    try Pipeline.expectFailure(["cache", "export", work.cache, folder], saying: ["there already"])
    try compareCoefficients(folder)
  }

  /// Coefficients and the exported decoder give the full logits of the audit rows, as far as
  /// quantisation goes: the basis has all 32 directions of the teacher.
  private func compareCoefficients(_ folder: String) throws {
    let decoder = try Safetensors(url: URL(filePath: "\(folder)/decoder.safetensors"))
    let weight = try decoder.floats("lowrank_weight")
    let bias = try decoder.floats("lowrank_bias")
    let noise = try decoder.floats("lowrank_noise")
    #expect(decoder.shape(of: "lowrank_weight") == [bias.count, 32])
    var compared = 0
    for file in try tensors(folder) where file.shape(of: "audit_rows") != nil {
      let coefficients = try file.floats("tail_coefficients")
      let full = try file.floats("audit_logits")
      for (index, row) in try file.integers("audit_rows").enumerated() {
        for token in 0..<bias.count {
          var logit = bias[token]
          for column in 0..<32 {
            logit += weight[token * 32 + column] * coefficients[row * 32 + column]
          }
          // Half a step for each of 32 numbers, by Cauchy and Schwarz from their variance of a
          // twelfth of a step; and the sums of single precision.
          let bound = (3 * 32 * noise[token]).squareRoot() + 1e-3
          #expect(abs(logit - full[index * bias.count + token]) < bound)
          compared += 1
        }
      }
    }
    #expect(compared > 1000)
  }

  @Test func jsonLinesHoldWhatTheTensorsHold() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (lines, folder) = (scratch.path("lines"), scratch.path("tensors"))
    try Pipeline.succeed(["cache", "export", work.cache, lines, "--format", "jsonl"])
    try Pipeline.succeed(["cache", "export", work.cache, folder])
    let first = try #require(try tensors(folder).first)
    let text = try String(
      contentsOfFile: "\(lines)/targets-00000-00000.jsonl", encoding: .utf8)
    var (ids, logits, tokens): ([Int], [Float], [Int]) = ([], [], [])
    for line in text.split(separator: "\n") {
      let value = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      ids += try #require(value["top_ids"] as? [[Int]]).joined()
      logits += try #require(value["top_logits"] as? [[Double]]).joined().map { Float($0) }
      tokens += try #require(value["token_ids"] as? [Int])
    }
    #expect(try ids == first.integers("top_ids"))
    #expect(try logits == first.floats("top_logits"))
    #expect(try tokens == first.integers("token_ids"))
  }

  @Test func hiddenTailsAreExportedWithTheirDecoder() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let (cache, folder) = (scratch.path("cache"), scratch.path("exported"))
    try Pipeline.succeed(work.cacheTeacher(output: cache, ["--tail", "hidden", "--quiet"]))
    try Pipeline.succeed(["cache", "export", cache, folder])
    let first = try #require(try tensors(folder).first)
    let rows = try #require(first.shape(of: "rows")).first ?? 0
    #expect(first.shape(of: "decoder_input") == [rows, 32])
    #expect(first.shape(of: "top_ids") == nil)
    let decoder = try Safetensors(url: URL(filePath: "\(folder)/decoder.safetensors"))
    #expect(decoder.shape(of: "weight")?.last == 32)
    #expect(decoder.shape(of: "bias")?.count == 1)
  }

  @Test func inputsAloneAreNoSoftTargets() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let inputs = scratch.path("inputs")
    try Pipeline.succeed(["cache", "inputs", work.corpus, inputs])
    let importing = { (corpus: String, folder: String) in
      ["cache", "import", folder, "--corpus", corpus, "--output", scratch.path("cache")]
        + ["--teacher-name", "t", "--teacher-digest", "d", "--teacher-hidden-size", "32"]
        + ["--teacher-layers", "2", "--teacher-precision", "fp32"]
    }
    try Pipeline.expectFailure(
      importing(work.corpus, inputs), saying: ["inputs-00000-00000", "'top_ids' is missing"])
    try Pipeline.expectFailure(
      importing(work.heldOut, inputs), saying: ["corpusDigest: expected"])
    try Pipeline.expectFailure(
      importing(work.corpus, work.corpus), saying: ["inputs.json", "pipeline cache inputs"])
    try Pipeline.expectFailure(
      ["cache", "import", inputs, "--corpus", work.corpus, "--output", "c"],
      saying: ["teacher.json"])
    #expect(!FileManager.default.fileExists(atPath: scratch.path("cache")))
  }
}

/// The program of docs/import.md, run by Python, against a cache of the same teacher.
@Suite(
  .enabled(
    if: PythonEnvironment.interpreter != nil,
    "skipped: no Python with torch and transformers; 'make python-env' makes one"))
struct CacheImportTests {
  /// Makes a folder of soft targets with the program of the page.
  private func softTargets(_ work: Workspace, _ scratch: ScratchFolder) throws -> String {
    let page = try String(
      contentsOf: SharedFixtures.repository.appending(path: "docs/import.md"), encoding: .utf8)
    let program = try #require(
      page.split(separator: "```python\n").last?.split(separator: "```").first)
    let script = try scratch.write("soft_targets.py", program.utf8)
    let (inputs, soft) = (scratch.path("inputs"), scratch.path("soft"))
    try Pipeline.succeed(
      ["cache", "inputs", work.corpus, inputs, "--replicas", "2", "--blocks-per-file", "3"])
    let python = try #require(PythonEnvironment.interpreter)
    let outcome = try ChildProcess.run(
      python, [script, work.teacher, inputs, soft, "16"], timeoutSeconds: 300)
    try #require(outcome.ending == .exited(0), "\(outcome.summary)")
    return soft
  }

  private func files(_ folder: String) throws -> [Safetensors] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      .filter { $0.hasPrefix("targets-") }
      .map { try Safetensors(url: URL(filePath: "\(folder)/\($0)")) }
  }

  @Test func theImportedCacheIsThatOfTheSameTeacher() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let soft = try softTargets(work, scratch)
    let (imported, own) = (scratch.path("imported"), scratch.path("own"))
    let command =
      ["cache", "import", soft, "--corpus", work.corpus, "--output", imported]
      + ["--step", "0.0009765625", "--states", "int8"]
    let outcome = try Pipeline.succeed(command)
    #expect(outcome.output.contains("fingerprint"))
    #expect(try Pipeline.succeed(["cache", "verify", imported]).output.contains("sound"))
    #expect(try Pipeline.succeed(["cache", "show", imported]).output.contains("imported from"))
    try Pipeline.succeed(
      work.cacheTeacher(output: own, ["--tail", "scalars", "--head", "16", "--replicas", "2"]))
    for (cache, folder) in [(imported, "a"), (own, "b")] {
      try Pipeline.succeed(["cache", "export", cache, scratch.path(folder)])
    }
    for (theirs, ours) in zip(try files(scratch.path("a")), try files(scratch.path("b"))) {
      try compare(theirs, ours)
    }
    try Pipeline.succeed(
      work.trainStudent(output: scratch.path("student"), ["--from-cache", imported]))
    try refuseDamage(soft, command, scratch)
  }

  private func compare(_ theirs: Safetensors, _ ours: Safetensors) throws {
    for name in ["token_ids", "lengths", "rows"] {
      #expect(try theirs.integers(name) == ours.integers(name))
    }
    let (ids, logits) = (try theirs.integers("top_ids"), try theirs.floats("top_logits"))
    let (ownIDs, ownLogits) = (try ours.integers("top_ids"), try ours.floats("top_logits"))
    var worst: Float = 0
    for row in 0..<ids.count / 16 {
      let own = Dictionary(
        uniqueKeysWithValues: (row * 16..<(row + 1) * 16).map { (ownIDs[$0], ownLogits[$0]) })
      for entry in row * 16..<(row + 1) * 16 {
        if let logit = own[ids[entry]] { worst = max(worst, abs(logit - logits[entry])) }
      }
    }
    // Half a step of 1/16 and half one of 1/1024, and what float32 in another order leaves.
    #expect(worst < 0.03125 + 0.00049 + 1e-4, "\(worst)")

    let (scalars, ownScalars) = (
      try theirs.floats("tail_scalars"), try ours.floats("tail_scalars")
    )
    for (index, (found, expected)) in zip(scalars, ownScalars).enumerated() {
      // One unit, where rounding fell to the other side.
      let unit: Float = [0, 2].contains(index % 5) ? 1.0 / 256 : 1.0 / 32
      #expect(abs(found - expected) <= unit * 1.001, "\(index): \(found) and \(expected)")
    }

    // Full logits of some rows, which our teacher kept in fp32.
    guard let audited = ours.shape(of: "audit_rows")?.first else { return }
    let full = try ours.floats("audit_logits")
    let vocabSize = full.count / audited
    for (index, row) in try ours.integers("audit_rows").enumerated() {
      let all = Array(full[index * vocabSize..<(index + 1) * vocabSize])
      let largest = try #require(all.max())
      for entry in row * 16..<(row + 1) * 16 {
        #expect(abs(all[ids[entry]] - largest - logits[entry]) < 1e-3)
      }
    }
  }

  /// What does not fit is refused with its file, and nothing of a cache is made.
  private func refuseDamage(_ soft: String, _ command: [String], _ scratch: ScratchFolder) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: soft).sorted()
      .filter { $0.hasSuffix(".safetensors") }
    let file = URL(filePath: "\(soft)/\(names[1])")
    let whole = try Data(contentsOf: file)
    let other = scratch.path("other")
    let again = command.map { $0.hasSuffix("/imported") ? other : $0 }

    try FileManager.default.removeItem(at: file)
    try Pipeline.expectFailure(again, saying: ["is in no file before it"])

    let tensors = try Safetensors(url: URL(filePath: "\(soft)/\(names[0])"))
    func integers(_ name: String, _ change: (inout [Int32]) -> Void = { _ in }) throws
      -> SafetensorsWriter.Tensor
    {
      var values = try tensors.integers(name).map { Int32($0) }
      change(&values)
      return .init(
        name: name, shape: try #require(tensors.shape(of: name)), integers: values)
    }
    func floats(_ name: String) throws -> SafetensorsWriter.Tensor {
      .init(
        name: name, shape: try #require(tensors.shape(of: name)), floats: try tensors.floats(name))
    }
    try whole.write(to: file)
    let first = URL(filePath: "\(soft)/\(names[0])")
    let sound = try Data(contentsOf: first)
    let start = [try integers("place"), try integers("rows")]
    let end = [try floats("top_logits"), try floats("states")]
    try SafetensorsWriter.write(
      start + end + [try integers("input_ids"), try integers("top_ids")], to: first)
    try Pipeline.expectFailure(
      again, saying: [names[0], "'tail_scalars' is missing", "torch.logsumexp"])
    try SafetensorsWriter.write(
      start + end + [
        try integers("input_ids") { $0[1] ^= 1 }, try integers("top_ids"),
        try floats("tail_scalars"),
      ], to: first)
    try Pipeline.expectFailure(again, saying: [names[0], "sequence 0 of 'input_ids'"])
    try SafetensorsWriter.write(
      start + end + [
        try integers("input_ids"), try integers("top_ids") { $0[17] = $0[16] },
        try floats("tail_scalars"),
      ], to: first)
    try Pipeline.expectFailure(again, saying: [names[0], "row 1: 'top_ids'"])
    #expect(!FileManager.default.fileExists(atPath: other))
    try sound.write(to: first)
    try Pipeline.succeed(again)
  }
}
