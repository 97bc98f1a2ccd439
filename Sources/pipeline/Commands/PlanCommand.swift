import ArgumentParser
import Console
import Corpus
import Foundation
import Kernels
import LogitCache
import StudentTrainer
import TeacherCaching
import Transformer

/// `pipeline plan`: what caches would cost and keep, from a short sample.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Estimate caches before the teacher runs: bytes, hours, fidelity, break-even.",
    discussion: """
      Runs the teacher on a few hundred sequences, keeps each target of a grid in a small cache of \
      its own, and measures it. The angle is between the gradients of a student under the cache and \
      under the teacher itself; the student is the teacher's mean distribution. The break-even is \
      the number of experiments from which on one teacher pass and reading take less time than the \
      teacher's forward passes in every experiment.

      EXAMPLES
        pipeline plan --teacher teacher --corpus corpus
        pipeline plan --teacher teacher --corpus corpus --replicas 4 --budget 20GB
      """)

  @Option(help: "The teacher: a Hugging Face BERT folder with a masked-language-model head.")
  var teacher: String

  @Option(help: "A tokenized corpus, as 'pipeline tokenize' writes it.")
  var corpus: String

  @Option(help: "Recommend the most faithful target that fits, for example 20GB.")
  var budget: ByteSize?

  @Option(help: "Epochs of an experiment, for the break-even.")
  var epochs = 3

  @Option(parsing: .upToNextOption, help: "Heads of the grid.")
  var heads = [8, 16, 32, 64]

  @Option(
    parsing: .upToNextOption, help: "Ranks of the grid; those above the hidden size are left out.")
  var ranks = [32, 64, 96]

  @Option(help: "Rows of the sample whose full logits give the angles.")
  var rows = 64

  @OptionGroup var chosen: PositionOptions

  @Option(
    help: ArgumentHelp(
      "Last hidden states for the cosine loss: none, int8, fp16 or bf16.", valueName: "format"))
  var states = StateStorage.int8

  @Flag(help: "Print JSON instead of a table.")
  var json = false

  @OptionGroup(title: "Masks") var masks: MaskOptions
  @OptionGroup var precision: PrecisionOption
  @OptionGroup(title: "Common") var common: CommonOptions

  func validate() throws {
    guard epochs > 0 else { throw ValidationError("--epochs \(epochs) is not 1 or more") }
    guard (1...4096).contains(rows) else {
      throw ValidationError("--rows \(rows) is not between 1 and 4096")
    }
    guard !heads.isEmpty, heads.allSatisfy({ (1...4096).contains($0) }) else {
      throw ValidationError("--heads are between 1 and 4096")
    }
    guard ranks.allSatisfy({ $0 > 0 }) else { throw ValidationError("--ranks are 1 or more") }
    guard states != .shared else {
      throw ValidationError("--states shared is of one target; plan with none, int8, fp16 or bf16")
    }
  }

  func run() throws {
    common.start(precision.value)
    let corpus = try TokenizedCorpus.open(folder: URL(argument: corpus))
    let teacher = try MaskedLanguageModel.load(folder: URL(argument: teacher))
    try TeacherCheck.check(teacher.configuration, corpus: corpus)
    let planner = CachePlanner(
      teacher: teacher, corpus: corpus,
      specifications: try specifications(teacher: teacher, corpus: corpus), epochs: epochs,
      auditRows: rows)
    let bar = ProgressBar("plan", quiet: common.quiet)
    var plan = try planner.plan { bar.update($0, $1) }
    bar.clear()
    let best = budget.flatMap { plan.best(within: $0.bytes) }
    plan.recommended = best?.target
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      encoder.keyEncodingStrategy = .convertToSnakeCase
      Terminal.output(String(decoding: try encoder.encode(plan), as: UTF8.self))
    } else {
      Terminal.output(PlanTable(plan: plan).text)
    }
    guard let budget else { return }
    guard let best else { throw tooSmall(budget, plan) }
    if !json {
      Terminal.output(
        "\n* fits \(Format.bytes(budget.bytes)) with the smallest angles; to make it:")
      Terminal.output("  " + command(best))
    }
  }

  /// The grid; at least the smallest head with `scalars`.
  private func specifications(
    teacher: MaskedLanguageModel, corpus: TokenizedCorpus
  ) throws -> [CacheSpecification] {
    let shape = teacher.configuration
    let heads = heads.filter { $0 < shape.vocabSize }
    guard !heads.isEmpty else {
      throw CommandFailure(
        "every head of --heads is as large as the vocabulary of \(shape.vocabSize); give smaller ones"
      )
    }
    var targets: [TargetSpecification] = heads.flatMap { head in
      [TargetSpecification(headK: head, tail: .scalars)]
        + ranks.filter { $0 <= shape.embeddingSize }.map {
          TargetSpecification(headK: head, tail: .lowrank, rank: $0)
        }
    }
    targets.append(TargetSpecification(headK: 0, tail: .hidden))
    let weightDigest = ParameterDigest.text(of: teacher)
    return try targets.map { target in
      let specification = try CacheSpecification(
        teacher: shape, weightDigest: weightDigest, corpus: corpus.manifest,
        masks: masks.specification(for: corpus, recipe: chosen.recipe), positions: chosen.positions,
        target: target,
        otherShare: chosen.otherShare, states: states,
        auditRowsPerShard: TargetOptions.usualAuditRows, precision: precision.value)
      try specification.validate()
      return specification
    }
  }

  private func tooSmall(_ budget: ByteSize, _ plan: CachePlan) -> CommandFailure {
    let least = plan.entries.min { $0.totalBytes < $1.totalBytes }
    var ways = ["give a larger --budget", "a part of the corpus"]
    if masks.replicas > 1 { ways.append("fewer --replicas") }
    if chosen.positions != .masked { ways.append("--positions masked") }
    if states != .none { ways.append("--states none") }
    return CommandFailure(
      "no target fits \(Format.bytes(budget.bytes)): the smallest, \(least?.target ?? ""), takes "
        + "\(Format.bytes(least?.totalBytes ?? 0)); " + ways.joined(separator: ", or "))
  }

  /// The command that makes the cache of an entry, with this command's options.
  private func command(_ entry: CachePlan.Entry) -> String {
    var words = ["pipeline", "cache-teacher", "--teacher", teacher, "--corpus", corpus]
    words += ["--output", "cache"] + entry.options + ["--states", states.rawValue]
    if chosen.positions != .masked { words += ["--positions", chosen.positions.rawValue] }
    if let otherShare = chosen.otherShare { words += ["--other-share", "\(otherShare)"] }
    if let precision = precision.precision { words += ["--precision", precision.rawValue] }
    return (words + masks.arguments(chosen.recipe)).map(Self.quoted).joined(separator: " ")
  }

  /// A word as a shell takes it.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./+,:=@%".contains($0) }
    return isPlain && !word.isEmpty
      ? word : "'" + word.replacingOccurrences(of: "'", with: #"'\''"#) + "'"
  }
}
