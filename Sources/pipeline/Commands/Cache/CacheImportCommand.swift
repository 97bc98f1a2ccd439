import ArgumentParser
import Console
import Corpus
import Foundation
import LogitCache
import TeacherCaching

/// `pipeline cache import`: a cache from soft targets of another program.
struct CacheImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Fill a cache with soft targets that another program computed.",
    discussion: """
      Reads a folder of safetensors files: what 'pipeline cache inputs' wrote, with top_ids, \
      top_logits and tail_scalars of each row, and inputs.json beside them. Every sequence is compared \
      with the corpus, corrupted as inputs.json says. teacher.json (name, digest, hidden_size, layers, \
      precision) or the options say who the teacher was. docs/import.md has the program for PyTorch.

      EXAMPLE
        pipeline cache import soft-targets --corpus corpus --output cache
      """)

  @Argument(help: "A folder of safetensors files with inputs.json.")
  var folder: String

  @Option(help: "The corpus from which the inputs were written.")
  var corpus: String

  @Option(help: "The cache's folder.")
  var output: String

  @Option(help: "The teacher's name, in place of teacher.json's.")
  var teacherName: String?

  @Option(help: "What tells its weights from others, in place of teacher.json's.")
  var teacherDigest: String?

  @Option(help: "Width of its hidden states, in place of teacher.json's.")
  var teacherHiddenSize: Int?

  @Option(help: "Number of its layers, in place of teacher.json's.")
  var teacherLayers: Int?

  @Option(help: "The arithmetic of its run, such as bf16, in place of teacher.json's.")
  var teacherPrecision: String?

  @Option(help: "Quantisation step of the head's logits.")
  var step = 1.0 / 16

  @Option(help: "How the tensor 'states' is kept, for the cosine loss: none, int8, fp16 or bf16.")
  var states = StateStorage.none

  @OptionGroup var logging: LogOptions

  func run() throws {
    let source = URL(argument: folder)
    let target = URL(argument: output)
    let opened = try TokenizedCorpus.open(folder: URL(argument: corpus))
    let imported = try CacheImport(
      folder: source, corpus: opened, teacher: teacher(source), step: step, states: states)
    let checking = ProgressBar("check", quiet: logging.quiet)
    try imported.check { checking.update(Double($0) / Double($1), "file \($0)/\($1)") }
    checking.clear()
    let bar = ProgressBar("import", quiet: logging.quiet)
    let manifest = try imported.write(to: target) {
      bar.update(Double($0) / Double(max($1, 1)), "block \($0)/\($1)")
    }
    bar.clear()
    try CacheFolder.copyTokenizer(of: opened, to: target)
    let inventory = try CacheInventory(folder: target, readsShards: false)
    Terminal.output(
      "\(output): \(Format.count(inventory.rows ?? 0)) positions, "
        + "\(Format.bytes(inventory.bytes)), "
        + (manifest.map { "fingerprint \($0.fingerprint)" } ?? "not complete"))
  }

  private func teacher(_ folder: URL) throws -> CacheImport.Teacher {
    if let name = teacherName, let digest = teacherDigest, let size = teacherHiddenSize,
      let layers = teacherLayers, let precision = teacherPrecision
    {
      return CacheImport.Teacher(
        name: name, digest: digest, hiddenSize: size, layers: layers, precision: precision)
    }
    var teacher = try CacheImport.Teacher.read(folder: folder)
    if let teacherName { teacher.name = teacherName }
    if let teacherDigest { teacher.digest = teacherDigest }
    if let teacherHiddenSize { teacher.hiddenSize = teacherHiddenSize }
    if let teacherLayers { teacher.layers = teacherLayers }
    if let teacherPrecision { teacher.precision = teacherPrecision }
    return teacher
  }
}
