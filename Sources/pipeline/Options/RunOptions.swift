import ArgumentParser
import Foundation

/// Where the options of a run come from.
struct RunOptions: ParsableArguments {
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
}
