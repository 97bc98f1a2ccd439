import ArgumentParser
import LogitCache

/// Which positions keep a target.
struct PositionOptions: ParsableArguments {
  @Option(help: "Positions that keep a target: masked, all, or masked+share.")
  var positions = PositionSelection.masked

  @Option(
    help: ArgumentHelp(
      "For masked+share, the share of the positions that the mask did not choose.",
      valueName: "share"))
  var otherShare: Double?

  func validate() throws {
    if (positions == .maskedAndShare) != (otherShare != nil) {
      throw ValidationError("--positions masked+share and --other-share belong together")
    }
    if let otherShare, !(otherShare > 0 && otherShare <= 1) {
      throw ValidationError("--other-share \(otherShare) is not above 0, at most 1")
    }
  }
}
