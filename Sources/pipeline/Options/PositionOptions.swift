import ArgumentParser
import LogitCache

/// Which positions keep a target.
struct PositionOptions: ParsableArguments {
  @Option(
    help: """
      A set of options by one name: distilbert takes --positions all and --frequency-exponent 0.7 \
      where these are not given.
      """)
  var recipe: Recipe?

  @Option(
    name: .customLong("positions"),
    help: "Positions that keep a target: masked, all, or masked+share; masked unless given.")
  var given: PositionSelection?

  @Option(
    help: ArgumentHelp(
      "For masked+share, the share of the positions that the mask did not choose.",
      valueName: "share"))
  var otherShare: Double?

  /// Positions that keep a target.
  var positions: PositionSelection { given ?? (recipe == nil ? .masked : .all) }

  func validate() throws {
    if (positions == .maskedAndShare) != (otherShare != nil) {
      throw ValidationError("--positions masked+share and --other-share belong together")
    }
    if let otherShare, !(otherShare > 0 && otherShare <= 1) {
      throw ValidationError("--other-share \(otherShare) is not above 0, at most 1")
    }
  }
}
