import ArgumentParser
import Console
import Foundation
import LogitCache
import TeacherCaching

/// `pipeline cache export`: the soft targets as plain numbers for other programs.
struct CacheExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a cache as safetensors or JSON lines for other programs.",
    discussion: """
      safetensors  files of some blocks each, with token_ids, lengths, rows (sequence and position), \
      top_ids, top_logits (below the row's largest), what the tail keeps, states, audit_rows and \
      audit_logits; decoder.safetensors makes logits of the tails 'hidden' and 'lowrank'
      jsonl        a file a shard, a line a sequence

      export.json says what is in the files.

      EXAMPLE
        pipeline cache export cache exported --format safetensors
      """)

  @Argument(help: "A complete cache.")
  var cache: String

  @Argument(help: "A new folder.")
  var output: String

  @Option(help: ArgumentHelp("The files' format.", valueName: "safetensors|jsonl"))
  var format = CacheExport.Layout.safetensors

  @Option(help: "Blocks of up to 128 sequences in a file of tensors.")
  var blocksPerFile = 16

  @OptionGroup var store: StoreOptions
  @OptionGroup var logging: LogOptions

  func validate() throws {
    if blocksPerFile < 1 {
      throw ValidationError("--blocks-per-file \(blocksPerFile) is not positive")
    }
  }

  func run() throws {
    let folder = try NewFolder.url(output)
    let reader = try CacheReader(folder: store.cache(cache))
    let bar = ProgressBar("export", quiet: logging.quiet)
    let files = try CacheExport(reader, layout: format).write(
      to: folder, blocksPerFile: blocksPerFile
    ) { bar.update(Double($0) / Double($1), "file \($0)/\($1)") }
    bar.clear()
    Terminal.output(
      "\(output): \(Format.count(files)) files, \(Format.count(reader.rowCount)) positions, "
        + Format.bytes(FolderSize.bytes(of: folder)))
  }
}

extension CacheExport.Layout: ExpressibleByArgument {}
