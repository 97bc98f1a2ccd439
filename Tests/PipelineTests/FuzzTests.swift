import Foundation
import Testing

/// The first mutations of `make fuzz`, and whether the program tells what it finds.
struct FuzzTests {
  private static let executable =
    URL(filePath: Pipeline.executable).deletingLastPathComponent().appending(path: "fuzz").path

  @Test func twoThousandDamagedCachesAreReadOrRefusedByName() throws {
    let outcome = try ChildProcess.run(
      Self.executable, ["--count", "2000", "--seed", "1", "--quiet"], timeoutSeconds: 300)
    #expect(outcome.ending == .exited(0), "\(outcome.summary)")
    #expect(outcome.output.contains("2000 mutations, 0 findings"), "\(outcome.summary)")
  }
}
