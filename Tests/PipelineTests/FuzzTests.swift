import Foundation
import Testing

/// The first mutations of `make fuzz`, and whether the program tells what it finds.
struct FuzzTests {
  private static let executable =
    URL(filePath: Pipeline.executable).deletingLastPathComponent().appending(path: "fuzz").path

  @Test(arguments: [("caches", 2000), ("corpora", 600)])
  func damagedFoldersAreReadOrRefusedByName(_ subject: String, _ count: Int) throws {
    let outcome = try ChildProcess.run(
      Self.executable, ["--of", subject, "--count", "\(count)", "--seed", "1", "--quiet"],
      timeoutSeconds: 300)
    #expect(outcome.ending == .exited(0), "\(outcome.summary)")
    #expect(outcome.output.contains("\(count) mutations, 0 findings"), "\(outcome.summary)")
  }
}
