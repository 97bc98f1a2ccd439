import Foundation
import Testing

/// `--config` of the commands that train.
struct ConfigCommandTests {
  @Test func aFileIsTheSameAsItsFlags() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let file = try scratch.write(
      "run.yaml",
      """
      from-cache: [\(work.cache)]
      init-from: \(work.teacher)
      layers: 1
      steps: 900
      batch-tokens: 1024
      threads: 1
      """.utf8)
    let student = scratch.path("student")
    try Pipeline.succeed(
      ["train-student", "--steps", "12", "--config", file, "--output", student])
    let (found, expected) = (try FolderContents(student), try FolderContents(work.student))
    #expect(found.files["model.safetensors"] == expected.files["model.safetensors"])
    #expect(found.files["run.json"] == expected.files["run.json"])
  }

  @Test(arguments: [
    ("layer: 1", 64, "line 1, 'layer': 'train-student' has no such option; did you mean 'layers'?"),
    ("seed: 3\nlayers: many", 64, "line 2, 'layers': "), ("layers: [", 64, "not YAML"),
    ("layers: 0", 64, "line 1, 'layers': --layers 0 is not positive"),
  ])
  func aBadFileIsAUsageError(text: String, code: Int32, expected: String) throws {
    let scratch = try ScratchFolder()
    let file = try scratch.write("bad.yaml", text.utf8)
    let outcome = try Pipeline.run(
      ["train-student", "--from-cache", "c", "--output", "o", "--config=\(file)"])
    #expect(outcome.ending == .exited(code))
    #expect(outcome.errors.contains("Error: \(file)") || outcome.errors.contains("'\(file)'"))
    #expect(outcome.errors.contains(expected), "\(outcome.summary)")
  }

  @Test func aMissingFileIsAFailure() throws {
    try Pipeline.expectFailure(
      ["train-teacher", "--config", "/no/such/file.yaml"],
      saying: ["cannot read the file '/no/such/file.yaml'"])
  }
}
