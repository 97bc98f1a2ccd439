import Corpus
import Foundation
import Kernels
import LogitCache
import StudentTrainer
import TestSupport
import Testing
import Transformer

struct CacheSourceTests {
  let world: TinyWorld
  let folder: TemporaryFolder

  init() throws {
    world = try TinyWorld(sequences: 400, shardTokens: 1500)
    folder = try TemporaryFolder()
  }

  static func teacher(_ architecture: Architecture = .bert) -> MaskedLanguageModel {
    TinyWorld.model(seed: 80, layers: 2, architecture: architecture)
  }

  func configuration() -> TrainingConfiguration {
    var configuration = TinyWorld.configuration()
    configuration.alphaCE = 5
    configuration.alphaMLM = 2
    configuration.alphaCos = 1
    return configuration
  }

  func cache(
    _ options: TinyCache.Options = TinyCache.Options(), name: String = "cache",
    teacher: MaskedLanguageModel = teacher()
  ) throws -> CacheReader {
    try TinyCache.make(
      world, teacher: teacher, masks: world.masks(), options: options,
      in: folder.url.appending(path: name))
  }

  func source(_ reader: CacheReader, _ configuration: TrainingConfiguration) throws
    -> CacheBatchSource
  {
    try CacheBatchSource(reader: reader, corpus: world.corpus, configuration: configuration)
  }

  func online(
    _ configuration: TrainingConfiguration, _ positions: OnlineTeacherSource.Positions,
    _ architecture: Architecture = .bert
  ) throws -> OnlineTeacherSource {
    try OnlineTeacherSource(
      teacher: Self.teacher(architecture), corpus: world.corpus, masks: world.masks(),
      positions: positions,
      configuration: configuration)
  }

  @Test(
    "a hidden cache gives the online teacher's batches, logits and states",
    arguments: [PositionSelection.masked, .all], [Architecture.bert, .albert])
  func hiddenEqualsOnline(positions: PositionSelection, architecture: Architecture) throws {
    var options = TinyCache.Options()
    options.positions = positions
    let configuration = configuration()
    let cached = try source(
      cache(options, teacher: Self.teacher(architecture)), configuration)
    let online = try online(configuration, positions == .all ? .all : .masked, architecture)
    for epoch in 0..<2 {
      let pairs = zip(try allBatches(cached, epoch: epoch), try allBatches(online, epoch: epoch))
      for (left, right) in pairs {
        #expect(left.packed.tokenIDs == right.packed.tokenIDs)
        #expect(left.rows == right.rows && left.labels == right.labels)
        #expect(left.softIndexes == right.softIndexes)
        guard case .decoderInputs(let inputs) = left.softTargets,
          case .logits(let logits) = right.softTargets
        else { throw Interruption() }
        let product = FloatBuffer(count: inputs.count * TinyWorld.vocabSize)
        inputs.decoder.logits(
          of: inputs.inputs, 0..<inputs.count, scratch: FloatBuffer(count: inputs.count * 17),
          into: Matrix(product, rows: inputs.count, columns: TinyWorld.vocabSize))
        // int8 with a scale a row: an input is within 1/254 of the row's largest, and 16 of them
        // meet weights of 0.2.
        let expected = logits.matrix.elements.map(Double.init)
        #expect(relativeError(Array(product.elements), expected) < 0.02)
        let (mine, theirs) = (try #require(left.teacherStates), try #require(right.teacherStates))
        #expect(mine.rows == theirs.rows)
        #expect(relativeError(mine.values, theirs.values.map(Double.init)) < 0.006)
      }
    }
  }

  @Test("heads are the teacher's distribution at the run's temperature", arguments: [1.0, 2, 4])
  func heads(temperature: Double) throws {
    var options = TinyCache.Options()
    options.target = TargetSpecification(headK: 16, tail: .scalars)
    var configuration = configuration()
    configuration.temperature = temperature
    let reader = try cache(options)
    let online = try online(configuration, .masked)
    for headK in [nil, 5] {
      configuration.headK = headK
      let batch = try #require(try source(reader, configuration).batch(epoch: 0, index: 0))
      let reference = try #require(try online.batch(epoch: 0, index: 0))
      guard case .heads(let heads) = batch.softTargets,
        case .logits(let logits) = reference.softTargets
      else { throw Interruption() }
      #expect(heads.tailMasses.count == logits.rows)
      for row in 0..<logits.rows {
        let range = heads.starts[row]..<heads.starts[row + 1]
        #expect(range.count == headK ?? 16)
        let sum = heads.probabilities[range].reduce(heads.tailMasses[row], +)
        #expect(abs(sum - 1) < 1e-5)
        let exact = HeadTarget(
          teacherLogits: logits.matrix.row(row).map(Double.init), ids: Array(heads.ids[range]),
          temperature: temperature)
        #expect(Array(heads.ids[range]) == topIDs(Array(logits.matrix.row(row)), range.count))
        // Log-steps of 1/16 are within 1/32 of the logit: 3 % of a probability, and the tail's.
        for (found, expected) in zip(heads.probabilities[range], exact.probabilities) {
          #expect(abs(Double(found) - expected) < 0.04 * expected)
        }
        #expect(abs(Double(heads.tailMasses[row]) - exact.tailMass) < 0.02)
      }
    }
  }

  /// Held-out loss of a student trained from a source.
  func heldOutLoss(_ source: any BatchSource, _ configuration: TrainingConfiguration, name: String)
    throws -> Double
  {
    let result = try Trainer(
      model: TinyWorld.model(seed: 81), source: source, configuration: configuration,
      folder: folder.url.appending(path: name),
      evaluator: try Evaluator(corpus: world.corpus, masks: world.masks(seed: 82))
    ).run()
    return try #require(result.summary.evaluation).evalLoss
  }

  /// Trains the teacher on hard labels into a folder, so that it has something to teach.
  func trainTeacher() throws -> URL {
    var configuration = TinyWorld.configuration()
    configuration.epochs = 10
    let teacher = Self.teacher()
    _ = try Trainer(
      model: teacher,
      source: try CorpusBatchSource(
        corpus: world.corpus, masks: world.masks(), configuration: configuration),
      configuration: configuration, folder: folder.url.appending(path: "run-teacher")
    ).run()
    let saved = folder.url.appending(path: "teacher")
    try FileManager.default.createDirectory(at: saved, withIntermediateDirectories: true)
    try teacher.save(to: saved)
    return saved
  }

  @Test("students from a hidden cache, from heads and online end at the same held-out loss")
  func cachedAgainstOnline() throws {
    var configuration = configuration()
    configuration.epochs = 6
    let saved = try trainTeacher()
    func cached(_ target: TargetSpecification, name: String) throws -> Double {
      var options = TinyCache.Options()
      options.target = target
      let reader = try TinyCache.make(
        world, teacher: try MaskedLanguageModel.load(folder: saved), masks: world.masks(),
        options: options, in: folder.url.appending(path: "cache-\(name)"))
      return try heldOutLoss(
        source(reader, configuration), configuration, name: "run-\(name)")
    }
    let hidden = try cached(TargetSpecification(headK: 0, tail: .hidden), name: "hidden")
    let heads = try cached(TargetSpecification(headK: 32, tail: .scalars), name: "heads")
    let teacherInMemory = try OnlineTeacherSource(
      teacher: try MaskedLanguageModel.load(folder: saved), corpus: world.corpus,
      masks: world.masks(), positions: .masked, configuration: configuration)
    let online = try heldOutLoss(teacherInMemory, configuration, name: "run-online")
    let untrained = try Evaluator(corpus: world.corpus, masks: world.masks(seed: 82))
      .evaluate(TinyWorld.model(seed: 81)).loss
    #expect(online < untrained - 0.1, "the student has learned something")
    print(
      "held-out loss: untrained \(untrained), online \(online), hidden cache \(hidden), heads with bucket \(heads)"
    )
    // The issue's bounds: 0.5 % for the hidden cache, 2 % for heads with the bucket.
    #expect(abs(hidden - online) < 0.005 * online, "hidden \(hidden), online \(online)")
    #expect(abs(heads - online) < 0.02 * online, "heads \(heads), online \(online)")
  }

  @Test("an interrupted run from a cache ends in the same bits, over replicas")
  func exactResume() throws {
    var configuration = configuration()
    configuration.epochs = 3
    configuration.accumulation = 3
    let reader = try cache()
    func run(_ name: String, failsAtCall: Int? = nil) throws -> [UInt32] {
      let model = TinyWorld.model(seed: 83)
      _ = try Trainer(
        model: model,
        source: FailingSource(try source(reader, configuration), failsAtCall: failsAtCall),
        configuration: configuration, folder: folder.url.appending(path: name)
      ).run()
      return bits(model.parameters)
    }
    let whole = try run("whole")
    #expect(throws: Interruption.self) { try run("broken", failsAtCall: 25) }
    #expect(try run("broken") == whole)
    // The same through the prefetching thread.
    let model = TinyWorld.model(seed: 83)
    _ = try Trainer(
      model: model, source: try source(reader, configuration), configuration: configuration,
      folder: folder.url.appending(path: "prefetched")
    ).run()
    #expect(bits(model.parameters) == whole)
  }

  @Test("a cache of another corpus is refused with the fields that differ")
  func otherCorpus() throws {
    let reader = try cache()
    let other = try TinyWorld(sequences: 100, seed: 9)
    let error = #expect(throws: LogitCacheError.self) {
      try CacheBatchSource(
        reader: reader, corpus: other.corpus, configuration: configuration())
    }
    let message = "\(try #require(error))"
    #expect(message.contains("corpusDigest") && message.contains("sequences"))
  }

  @Test("a changed mask generator is noticed before anything is trained on it")
  func changedMasks() throws {
    var options = TinyCache.Options()
    options.inputMasks = world.masks(seed: 1234)
    let source = try source(cache(options), configuration())
    let error = #expect(throws: StudentTrainerError.self) {
      try source.batch(epoch: 0, index: 0)
    }
    guard case .inputChanged = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("what the cache does not hold is refused when the run begins")
  func notHeld() throws {
    var options = TinyCache.Options()
    options.states = .none
    let stateless = try cache(options, name: "stateless")
    options.target = TargetSpecification(headK: 8, tail: .scalars)
    let heads = try cache(options, name: "heads")
    func refusal(_ reader: CacheReader, _ change: (inout TrainingConfiguration) -> Void) throws
      -> String
    {
      var configuration = configuration()
      change(&configuration)
      let error = #expect(throws: StudentTrainerError.self) {
        try source(reader, configuration)
      }
      return "\(try #require(error))"
    }
    #expect(try refusal(stateless) { _ in }.contains("no hidden states"))
    #expect(
      try refusal(stateless) {
        $0.alphaCos = 0
        $0.tail = .bucket
      }.contains("'bucket'"))
    #expect(
      try refusal(heads) {
        $0.alphaCos = 0
        $0.tail = .full
      }.contains("keeps 8 IDs"))
    #expect(
      try refusal(heads) {
        $0.alphaCos = 0
        $0.temperature = 0.5
      }.contains("temperature"))
    #expect(
      try refusal(heads) {
        $0.alphaCos = 0
        $0.headK = 9
      }.contains("headK"))
  }

  @Test("half precision states serve the cosine loss as well")
  func halfStates() throws {
    var options = TinyCache.Options()
    options.states = .fp16
    var configuration = configuration()
    configuration.alphaCE = 0
    let batch = try #require(
      try source(cache(options), configuration).batch(epoch: 0, index: 0))
    #expect(batch.softTargets.count == 0 && batch.softIndexes.allSatisfy { $0 == -1 })
    let expected = try #require(try online(configuration, .masked).batch(epoch: 0, index: 0))
    let (mine, theirs) = (
      try #require(batch.teacherStates), try #require(expected.teacherStates)
    )
    // Half precision has 11 bits.
    #expect(relativeError(mine.values, theirs.values.map(Double.init)) < 1e-3)
  }
}
