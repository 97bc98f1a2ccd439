import ArgumentParser
import Console
import Corpus
import Foundation
import Logging
import LogitCache
import StudentTrainer
import Tokenizer
import Transformer

/// `pipeline train-student`: a DistilBERT student from a cache, or from one of its baselines.
struct TrainStudentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-student",
    abstract: "Train a DistilBERT student from a logit cache.",
    discussion: """
      The loss is 5 KL + 2 MLM + 1 cosine at temperature 2 unless weights are given. The teacher is \
      not loaded: its soft targets come from the cache. The result is a Hugging Face folder; the \
      same command after an interruption goes on where it was, to the same weights.

      Baselines: --online-teacher runs the teacher at every step instead; --hard-labels trains \
      without a teacher on the same sequences and masks.

      Several --from-cache train on the weighted mean of their teachers' distributions; the cosine \
      loss takes the states of the first cache that keeps them.

      EXAMPLES
        pipeline train-student --from-cache cache --init-from teacher --layers 3 --output student
        pipeline train-student --from-cache cache --layers 2 --hidden-size 128 --output small
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

  @Option(help: "Positions of the online teacher's targets: masked or all.")
  var positions = OnlineTeacherSource.Positions.masked

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
    var recipe = hardLabels ? TrainingConfiguration.hardLabels : TrainingConfiguration()
    training.apply(to: &recipe)
    loss.apply(to: &recipe)
    let corpus = try self.corpus.map { try TokenizedCorpus.open(folder: URL(argument: $0)) }
    let caches = try fromCache.map {
      try missing.policy(log: common.log).open(cache: cacheFolder($0))
    }
    // The shape that matters is that of the teacher whose states serve the cosine loss.
    let cache = caches.isEmpty ? nil : caches[EnsembleBatchSource.stateMember(caches)]

    let teacherShape = try teacherShape(cache: cache)
    let model = try student.makeModel(
      vocabSize: try vocabSize(cache: cache, corpus: corpus), teacherHiddenSize: teacherShape,
      seed: training.seed)
    try settleCosine(&recipe, student: model.configuration, teacherHiddenSize: teacherShape, cache)

    let source = try makeSource(caches: caches, corpus: corpus, recipe: recipe)
    let folder = URL(argument: output)
    let options = try resolved(recipe, model.configuration, caches)
    try TrainingRun(
      command: "train-student", output: output, runOptions: runOptions, common: common
    ).run { observer, stop in
      let trainer = try Trainer(
        model: model, source: source, configuration: recipe, folder: folder,
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
    _ recipe: TrainingConfiguration, _ shape: EncoderConfiguration, _ caches: [CacheReader]
  ) throws -> String {
    var options = ResolvedOptions(self)
    training.resolve(recipe, into: &options)
    loss.resolve(recipe, into: &options)
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

  private func makeSource(
    caches: [CacheReader], corpus: TokenizedCorpus?, recipe: TrainingConfiguration
  ) throws -> any BatchSource {
    let missing = missing.policy(log: common.log)
    if caches.count > 1 {
      return try EnsembleBatchSource(
        readers: caches, weights: weights?.values, corpus: corpus, configuration: recipe,
        missing: missing)
    }
    if let cache = caches.first {
      return try CacheBatchSource(
        reader: cache, corpus: corpus, configuration: recipe, missing: missing)
    }
    guard let corpus else { preconditionFailure("validate() asks for a cache or a corpus") }
    let masks = masks.specification(for: corpus)
    guard let onlineTeacher else {
      return try CorpusBatchSource(corpus: corpus, masks: masks, configuration: recipe)
    }
    let teacher = try MaskedLanguageModel.load(folder: URL(argument: onlineTeacher))
    try TeacherCheck.check(teacher.configuration, corpus: corpus)
    return try OnlineTeacherSource(
      teacher: teacher, corpus: corpus, masks: masks, positions: positions, configuration: recipe)
  }

  /// Hidden size of the teacher, nil without one.
  private func teacherShape(cache: CacheReader?) throws -> Int? {
    if let cache { return cache.specification.teacher.hiddenSize }
    return try onlineTeacher.map {
      try ConfigurationFile.read(folder: URL(argument: $0)).hiddenSize
    }
  }

  private func vocabSize(cache: CacheReader?, corpus: TokenizedCorpus?) throws -> Int {
    if let cache { return cache.specification.vocabSize }
    guard let corpus else { preconditionFailure("validate() asks for a cache or a corpus") }
    return corpus.manifest.vocabSize
  }

  /// Leaves the cosine loss out where it cannot be, unless it was asked for.
  private func settleCosine(
    _ recipe: inout TrainingConfiguration, student: EncoderConfiguration, teacherHiddenSize: Int?,
    _ cache: CacheReader?
  ) throws {
    guard recipe.alphaCos > 0, loss.cosineWeight == nil else { return }
    var reason: String?
    if let teacherHiddenSize, teacherHiddenSize != student.hiddenSize {
      reason =
        "the student's hidden size \(student.hiddenSize) is not the teacher's "
        + "\(teacherHiddenSize)"
    } else if let cache, cache.specification.states == .none {
      reason = "the cache keeps no hidden states"
    }
    guard let reason else { return }
    recipe.alphaCos = 0
    common.log.notice("no cosine loss, since \(reason)")
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
