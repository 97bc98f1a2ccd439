import ArgumentParser
import Console
import Corpus
import Foundation
import Logging
import StudentTrainer
import Transformer

/// `pipeline train-teacher`: masked language modelling, from scratch or continued.
struct TrainTeacherCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-teacher",
    abstract: "Train a teacher: a masked language model.",
    discussion: """
      From scratch with --architecture, --layers, --hidden-size, --heads (or a --model-config file), \
      or from a model folder with --from. An encoder without a masked-language-model head gets one with \
      --add-mlm-head, started near the identity. The result is a Hugging Face folder; the same \
      command after an interruption goes on where it was.

      EXAMPLE
        pipeline train-teacher --corpus corpus --from all-MiniLM-L6-v2 --add-mlm-head \
      --output teacher
      """)

  @Option(help: "A tokenized corpus, as 'pipeline tokenize' writes it.")
  var corpus: String

  @Option(help: "The run's folder; the teacher is written there.")
  var output: String

  @Option(help: "A model folder to continue from.")
  var from: String?

  @Flag(name: .customLong("add-mlm-head"), help: "Give the encoder of --from a new head.")
  var addMLMHead = false

  @Option(help: "A config.json of a new model, instead of the sizes below.")
  var modelConfig: String?

  @Option(help: "Family of a new model: bert (unless given), distilbert or albert.")
  var architecture: Architecture?

  @Option(help: "Layers of a new model.")
  var layers = 4

  @Option(help: "Hidden size of a new model.")
  var hiddenSize = 128

  @Option(help: "Attention heads of a new model.")
  var heads = 2

  @Option(help: "Feed-forward size of a new model; four times the hidden size unless given.")
  var intermediateSize: Int?

  @Option(help: "Width of a new albert's word embeddings; 128 unless given.")
  var embeddingSize: Int?

  @Option(help: "Positions of a new model.")
  var positions = 512

  @Option(
    name: [.long, .customLong("weights")],
    help: "Number format of the written weights: fp32 or fp16.")
  var weightFormat = SafetensorsWriter.Precision.fp32

  @OptionGroup(title: "Training") var training: TrainingOptions
  @OptionGroup(title: "Masks") var masks: MaskOptions
  @OptionGroup(title: "Run") var runOptions: RunOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  func validate() throws {
    try runOptions.validate(evaluates: training.evalCorpus != nil)
    if addMLMHead && from == nil {
      throw ValidationError("--add-mlm-head needs the encoder: --from FOLDER")
    }
    if from != nil && modelConfig != nil {
      throw ValidationError("--from brings its own config.json; leave out --model-config")
    }
    if architecture != nil && (from != nil || modelConfig != nil) {
      throw ValidationError(
        "--architecture is for a new model; "
          + "\(from == nil ? "--model-config" : "--from") says which it is")
    }
    if embeddingSize != nil && architecture?.factorisesEmbeddings != true {
      throw ValidationError("--embedding-size is for --architecture albert")
    }
  }

  func run() throws {
    common.start(training.precision.value)
    let corpus = try TokenizedCorpus.open(folder: URL(argument: corpus))
    let model = try makeModel(vocabSize: corpus.manifest.vocabSize)
    // Before the run's folder is made, which would then be another run's for the mended command.
    try TeacherCheck.check(model.configuration, corpus: corpus)
    var recipe = TrainingConfiguration.hardLabels
    training.apply(to: &recipe)
    var masks = masks.specification(for: corpus)
    // Fresh masks each epoch, unless replicas are asked for: there is no cache to fill.
    if masks.replicas == 1 { masks.replicas = Int(Int32.max) }
    let source = try CorpusBatchSource(corpus: corpus, masks: masks, configuration: recipe)
    let folder = URL(argument: output)
    let options = try resolved(recipe)
    try TrainingRun(
      command: "train-teacher", output: output, runOptions: runOptions, common: common
    ).run { observer, stop in
      try Trainer(
        model: model, source: source, configuration: recipe, folder: folder,
        evaluator: training.evaluator(), observer: observer, options: options, stop: stop)
    } export: { model in
      try ModelExport.write(
        model, tokenizer: corpus.tokenizer(), to: folder, precision: weightFormat)
    }
  }

  /// The text of `run.yaml`.
  private func resolved(_ recipe: TrainingConfiguration) throws -> String {
    var options = ResolvedOptions(self)
    training.resolve(recipe, into: &options)
    common.resolve(into: &options)
    for (name, path) in [
      ("corpus", corpus), ("output", output), ("from", from), ("model-config", modelConfig),
    ] {
      options.setPath(name, path)
    }
    return try options.text(command: "train-teacher")
  }

  private func makeModel(vocabSize: Int) throws -> MaskedLanguageModel {
    if let from {
      let folder = URL(argument: from)
      guard addMLMHead else { return try MaskedLanguageModel.load(folder: folder) }
      return try MaskedLanguageModel.load(
        folder: folder, missingHead: .addedNearIdentity(seed: training.seed))
    }
    let shape: EncoderConfiguration
    if let modelConfig {
      shape = try ConfigurationFile.read(file: URL(argument: modelConfig))
      try ModelSize.check(shape)
    } else {
      shape = try NewModel(
        architecture: architecture ?? .bert, vocabSize: vocabSize, hiddenSize: hiddenSize,
        layers: layers, heads: heads, intermediateSize: intermediateSize,
        embeddingSize: embeddingSize,
        positions: positions
      ).configuration()
    }
    return StudentInitialiser.random(shape, seed: training.seed)
  }
}

extension SafetensorsWriter.Precision: ExpressibleByArgument {}
