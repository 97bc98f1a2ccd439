import ArgumentParser
import Console
import Corpus
import Foundation
import LogitCache
import TeacherCaching

/// `pipeline cache inputs`: what a teacher in another program reads.
struct CacheInputsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inputs",
    abstract: "Write the corrupted sequences that a teacher in another program reads.",
    discussion: """
      Files of safetensors with input_ids, attention_mask, rows and place. What the teacher makes of \
      them fills a cache with 'pipeline cache import'; docs/import.md has the program for PyTorch.

      EXAMPLE
        pipeline cache inputs corpus inputs --replicas 2
      """)

  @Argument(help: "A folder that 'pipeline tokenize' made.")
  var corpus: String

  @Argument(help: "A new folder.")
  var output: String

  @OptionGroup var chosen: PositionOptions

  @Option(help: "Blocks of up to 128 sequences in a file.")
  var blocksPerFile = 16

  @OptionGroup(title: "Masks") var masks: MaskOptions
  @OptionGroup var logging: LogOptions

  func validate() throws {
    if blocksPerFile < 1 {
      throw ValidationError("--blocks-per-file \(blocksPerFile) is not positive")
    }
  }

  func run() throws {
    let folder = try NewFolder.url(output)
    let opened = try TokenizedCorpus.open(folder: URL(argument: corpus))
    let inputs = try TeacherInputs(
      corpus: opened, masks: masks.specification(for: opened, recipe: chosen.recipe),
      positions: chosen.positions,
      otherShare: chosen.otherShare)
    let bar = ProgressBar("inputs", quiet: logging.quiet)
    let files = try inputs.write(to: folder, blocksPerFile: blocksPerFile) {
      bar.update(Double($0) / Double($1), "file \($0)/\($1)")
    }
    bar.clear()
    Terminal.output(
      "\(output): \(Format.count(files)) files, "
        + Format.bytes(FolderSize.bytes(of: folder)))
  }
}
