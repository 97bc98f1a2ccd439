import ArgumentParser
import Console
import Corpus
import Foundation
import Logging
import LogitCache
import StudentTrainer
import Tokenizer
import Transformer

/// `pipeline train-student`: a student from a cache, or from one of its baselines.
struct TrainStudentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-student",
    abstract: "Train a student from a logit cache.",
    discussion: """
      The loss is 5 KL + 2 MLM + 1 cosine at temperature 2 unless weights are given; weights and \
      temperature may follow a schedule such as linear:4:1. The teacher is not loaded: its soft targets come from the cache. The result is a Hugging Face folder; the \
      same command after an interruption goes on where it was, to the same weights.

      Baselines: --online-teacher runs the teacher at every step instead; --hard-labels trains \
      without a teacher on the same sequences and masks.

      Several --from-cache train on the weighted mean of their teachers' distributions; losses \
      between states take those of the first cache that keeps their layers.

      EXAMPLES
        pipeline train-student --from-cache cache --init-from teacher --layers 3 --output student
        pipeline train-student --from-cache cache --layers 2 --hidden-size 128 --output small
        pipeline train-student --from-cache cache --architecture albert --output albert
        pipeline train-student --from-cache a --from-cache b --weights 0.7,0.3 --output pupil
        pipeline train-student --corpus corpus --online-teacher teacher --output online
      """)

  @Option(
    help: ArgumentHelp(
      """
      A logit cache, as 'pipeline cache-teacher' writes it: a folder, or the name or the beginning \
      of the fingerprint of one in the store. Given several times, an ensemble of teachers.
      """))
  var fromCache: [String] = []

  @Option(help: "Weights of the caches of an ensemble, such as 0.7,0.3; equal unless given.")
  var weights: EnsembleWeights?

  @OptionGroup var store: StoreOptions

  @Option(help: "A tokenized corpus; with --from-cache it only has to be the cache's own.")
  var corpus: String?

  @Option(help: "Run this teacher in memory at every step, instead of a cache.")
  var onlineTeacher: String?

  @Option(help: "Positions of the online teacher's targets: masked or all; masked unless given.")
  var positions: OnlineTeacherSource.Positions?

  @Option(
    help: """
      A set of options by one name: distilbert is the authors' recipe to the letter: steps of 4,000 \
      sequences, targets at all positions, masks weighted by count^-0.7. What is given besides goes \
      before it; the cache has to be made with 'pipeline cache-teacher --recipe distilbert'.
      """)
  var recipe: Recipe?

  @Flag(help: "Cross entropy of the masked tokens alone: a baseline without a teacher.")
  var hardLabels = false

  @Option(help: "The run's folder; the student is written there.")
  var output: String

  @OptionGroup(title: "Student") var student: StudentOptions
  @OptionGroup(title: "Loss") var loss: LossOptions
  @OptionGroup(title: "While the teacher writes") var missing: MissingOptions
  @OptionGroup(title: "Training") var training: TrainingOptions
  @OptionGroup(title: "Masks (without a cache, which has its own)") var masks: MaskOptions
  @OptionGroup(title: "Run") var runOptions: RunOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  @Option(help: "Number format of the written weights: fp32 or fp16.")
  var weightFormat = SafetensorsWriter.Precision.fp32

  func validate() throws {
    try runOptions.validate(evaluates: training.evalCorpus != nil)
    if fromCache.isEmpty && corpus == nil {
      throw ValidationError("give --from-cache CACHE, or --corpus CORPUS for a baseline")
    }
    if let weights, weights.values.count != fromCache.count {
      throw ValidationError(
        "--weights gives \(weights.values.count) number(s) for \(fromCache.count) cache(s): give one "
          + "for each --from-cache")
    }
    if !fromCache.isEmpty && onlineTeacher != nil {
      throw ValidationError("--from-cache and --online-teacher exclude each other")
    }
    if hardLabels && loss.hiddenLoss != nil {
      throw ValidationError("--hidden-loss needs a teacher's states; leave out --hard-labels")
    }
    if onlineTeacher != nil && hardLabels {
      throw ValidationError("--hard-labels trains without a teacher; leave out --online-teacher")
    }
    if fromCache.isEmpty && onlineTeacher == nil && !hardLabels {
      throw ValidationError(
        "a corpus alone has no soft targets: add --online-teacher, or say --hard-labels")
    }
  }

  func run() throws {
    common.start(training.precision.value)
    var configuration = hardLabels ? TrainingConfiguration.hardLabels : TrainingConfiguration()
    training.apply(to: &configuration)
    loss.apply(to: &configuration)
    if recipe != nil, training.accumulate == nil, training.batchSequences == nil {
      configuration.batchSequences = Recipe.batchSequences
    }
    let corpus = try self.corpus.map { try TokenizedCorpus.open(folder: URL(argument: $0)) }
    let caches = try fromCache.map {
      try missing.policy(log: common.log).open(cache: cacheFolder($0))
    }
    for cache in caches { try checkRecipe(cache) }
    // The shape that matters is that of the teacher whose states serve the losses on them.
    let cache =
      caches.isEmpty ? nil : caches[EnsembleBatchSource.stateMember(caches, configuration)]

    let shape = try StateShape(cache: cache, onlineTeacher: onlineTeacher)
    var model = try student.makeModel(
      vocabSize: try vocabSize(cache: cache, corpus: corpus), teacherHiddenSize: shape?.hiddenSize,
      seed: training.seed)
    try loss.settleStates(&configuration, &model, teacher: shape, seed: training.seed, common.log)

    let source = try makeSource(caches: caches, corpus: corpus, configuration: configuration)
    let folder = URL(argument: output)
    let options = try resolved(configuration, model.configuration, caches)
    try TrainingRun(
      command: "train-student", output: output, runOptions: runOptions, common: common
    ).run { observer, stop in
      let trainer = try Trainer(
        model: model, source: source, configuration: configuration, folder: folder,
        evaluator: training.evaluator(), observer: observer, options: options, stop: stop)
      for cache in caches { leaveReference(to: folder, in: cache.folder) }
      return trainer
    } export: { model in
      try ModelExport.write(
        model, tokenizer: try tokenizer(cache: cache, corpus: corpus), to: folder,
        precision: weightFormat)
    }
  }

  /// The text of `run.yaml`.
  private func resolved(
    _ configuration: TrainingConfiguration, _ shape: EncoderConfiguration, _ caches: [CacheReader]
  ) throws -> String {
    var options = ResolvedOptions(self)
    training.resolve(configuration, into: &options)
    loss.resolve(configuration, into: &options)
    student.resolve(shape, into: &options)
    common.resolve(into: &options)
    options.set("from-cache", caches.map(\.folder.path))
    options.set("store", nil)  // the caches are paths now
    for (name, path) in [("corpus", corpus), ("online-teacher", onlineTeacher), ("output", output)]
    {
      options.setPath(name, path)
    }
    return try options.text(command: "train-student")
  }

  /// Tells the cache that this run uses it, so that clean-up knows.
  private func leaveReference(to folder: URL, in cache: URL) {
    do {
      try CacheReference.leave(run: folder, in: cache)
    } catch {
      common.log.notice(
        "'pipeline cache gc' will not know of this run: \(cache.path) takes no reference: \(error)")
    }
  }

  /// Throws where a recipe is asked for and the cache is not of it.
  private func checkRecipe(_ cache: CacheReader) throws {
    guard let recipe else { return }
    let differences = Recipe.differences(
      of: cache.specification, masks: try CacheBatchSource.masks(cache.specification))
    guard !differences.isEmpty else { return }
    throw CommandFailure(
      "\(cache.folder.path) is no cache of --recipe \(recipe.rawValue):\n"
        + differences.map { "  \($0)" }.joined(separator: "\n")
        + "\nmake one with 'pipeline cache-teacher --recipe \(recipe.rawValue)', or leave --recipe out "
        + "and take of it what the cache serves, such as --batch-sequences \(Recipe.batchSequences)"
    )
  }

  private func makeSource(
    caches: [CacheReader], corpus: TokenizedCorpus?, configuration: TrainingConfiguration
  ) throws -> any BatchSource {
    let missing = missing.policy(log: common.log)
    if caches.count > 1 {
      return try EnsembleBatchSource(
        readers: caches, weights: weights?.values, corpus: corpus, configuration: configuration,
        missing: missing)
    }
    if let cache = caches.first {
      return try CacheBatchSource(
        reader: cache, corpus: corpus, configuration: configuration, missing: missing)
    }
    guard let corpus else { preconditionFailure("validate() asks for a cache or a corpus") }
    let masks = masks.specification(for: corpus, recipe: recipe)
    guard let onlineTeacher else {
      return try CorpusBatchSource(corpus: corpus, masks: masks, configuration: configuration)
    }
    let teacher = try MaskedLanguageModel.load(folder: URL(argument: onlineTeacher))
    try TeacherCheck.check(teacher.configuration, corpus: corpus)
    return try OnlineTeacherSource(
      teacher: teacher, corpus: corpus, masks: masks,
      positions: positions ?? (recipe == nil ? .masked : .all), configuration: configuration)
  }

  private func vocabSize(cache: CacheReader?, corpus: TokenizedCorpus?) throws -> Int {
    if let cache { return cache.specification.vocabSize }
    guard let corpus else { preconditionFailure("validate() asks for a cache or a corpus") }
    return corpus.manifest.vocabSize
  }

  private func tokenizer(cache: CacheReader?, corpus: TokenizedCorpus?) throws
    -> WordPieceTokenizer
  {
    if let corpus { return try corpus.tokenizer() }
    guard let cache else { preconditionFailure("validate() asks for a cache or a corpus") }
    return try WordPieceTokenizer.load(folder: CacheFolder.tokenizer(in: cache.folder))
  }

  /// The cache's folder; one that is still to be made is a path.
  private func cacheFolder(_ name: String) throws -> URL {
    let isPath = store.folder == nil || name.contains("/")
    return missing.missing == .wait && isPath ? URL(argument: name) : try store.cache(name)
  }
}

extension OnlineTeacherSource.Positions: ExpressibleByArgument {}
