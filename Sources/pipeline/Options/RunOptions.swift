import ArgumentParser

/// Where the options of a run come from, what it says and what it leaves.
struct RunOptions: ParsableArguments {
  /// Which parameters become the model in the run's folder.
  enum Export: String, ExpressibleByArgument, CaseIterable {
    case last
    case best
  }

  @Option(
    help: ArgumentHelp(
      """
      A YAML file of options by their long names, such as 'layers: 3'; paths in it are relative to \
      the working directory, and what the command line names goes before it.
      """, valueName: "file"))
  var config: String?

  @Option(
    help: ArgumentHelp(
      "Go on with the run in this folder, with the options that it was begun with.",
      valueName: "folder"))
  var resume: String?

  @Option(
    help: "What is exported: the parameters of the last step, or the best on --eval-corpus.")
  var export = Export.last

  @Flag(help: "Write what happens as JSON lines to standard output.")
  var json = false

  /// Checks what other options decide.
  func validate(evaluates: Bool) throws {
    guard export == .last || evaluates else {
      throw ValidationError("--export best needs --eval-corpus, which says what is best")
    }
  }
}
