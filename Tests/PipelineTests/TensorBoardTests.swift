import Foundation
import TestSupport
import Testing

/// The event file of a run opens in `tensorboard`, with the numbers of `metrics.jsonl`.
@Suite(
  .enabled(
    if: PythonEnvironment.hasTensorBoard,
    "skipped: no Python with tensorboard; 'make python-env' makes one"))
struct TensorBoardTests {
  @Test func tensorboardReadsWhatMetricsSay() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let student = scratch.path("student")
    let command = work.trainStudent(
      output: student,
      ["--log-every", "1", "--eval-corpus", work.heldOut, "--eval-every", "4"]
        + ["--checkpoint-every", "3"])
    // Killed on the way, so that the file has been cut and continued.
    _ = try Pipeline.run(command) {
      FileManager.default.fileExists(atPath: "\(student)/checkpoints/step-0000006")
    }
    try Pipeline.succeed(command)
    let script = SharedFixtures.repository.appending(path: "Tests/PipelineTests/Python/events.py")
    let outcome = try ChildProcess.run(
      PythonEnvironment.path, [script.path, "\(student)/tensorboard"], timeoutSeconds: 300)
    try #require(outcome.ending == .exited(0), "\(outcome.summary)")
    let found = try JSONDecoder().decode(
      [String: [[Double]]].self, from: Data(outcome.output.utf8))

    var expected: [String: [[Double]]] = [:]
    for line in try Evaluation.metrics(student) {
      let step = try #require(line["step"])
      for (key, value) in line where key != "step" {
        let tag = key.hasPrefix("eval_") ? "eval/\(key.dropFirst(5))" : "train/\(key)"
        // A scalar of TensorBoard is in single precision.
        expected[tag, default: []].append([step, Double(Float(value))])
      }
    }
    #expect(found == expected)
    #expect(found["train/loss"]?.count == 12 && found["eval/accuracy"]?.count == 3)
  }
}
