import Foundation
import Kernels
import TestSupport
import Testing
import Transformer

/// Products in bf16 beside those in single precision, and memory.
@Suite(.serialized) struct PrecisionTests {
  static func model(
    _ architecture: Architecture = .bert, layers: Int = 2
  ) -> MaskedLanguageModel {
    let model = MaskedLanguageModel(
      configuration: EncoderConfiguration(
        architecture: architecture, vocabSize: 300, hiddenSize: 64, numHiddenLayers: layers,
        numAttentionHeads: 4, intermediateSize: 256, embeddingSize: 32, maxPositionEmbeddings: 64,
        initializerRange: 0.08))
    model.initializeRandomly(seed: 3)
    return model
  }

  static let batch = PackedBatch(
    sequences: [40, 7, 33, 64].map { length in (0..<length).map { Int32(($0 * 37 + length) % 300) }
    }
  )
  static let rows: [Int32] = [1, 5, 17, 30, 44, 60, 77, 100, 130, 143]

  static func step(_ model: MaskedLanguageModel) -> (loss: Double, gradients: [Float]) {
    model.clearGradients()
    model.encode(batch, training: true)
    var loss = 0.0
    model.trainHead(rows: rows) { range, logits in
      loss += crossEntropy(logits, labels: range.map { $0 * 11 }, rows: rows.count)
    }
    model.backward()
    return (loss, Array(model.gradients.elements))
  }

  static func norm(_ values: some Sequence<Float>) -> Double {
    values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  @Test(arguments: [Architecture.bert, .albert])
  func bfloat16GradientsPointWhereThoseOfSinglePrecisionDo(architecture: Architecture) {
    let model = Self.model(architecture)
    let exact = Self.step(model)
    model.precision = .bf16
    let rounded = Self.step(model)
    #expect(abs(rounded.loss - exact.loss) < 2e-2 * exact.loss)
    for entry in model.layout.entries {
      let range = entry.offset..<entry.offset + entry.count
      let size = Self.norm(exact.gradients[range])
      guard size > 1e-6 else { continue }
      let difference = Self.norm(
        zip(rounded.gradients[range], exact.gradients[range]).map { $0 - $1 })
      // Numbers of 8 bits through a dozen products each way: about 1 % of the length. Gradients of
      // keys' biases are sums that cancel; they are rounding in either format.
      if case .layer(_, .key, .bias) = entry.parameter { continue }
      #expect(difference < 6e-2 * size, "\(entry.name): \(difference / size)")
    }
  }

  @Test func bfloat16LogitsOfARealTeacherStayWithinTwoPercent() throws {
    let folder = SharedFixtures.root.appending(path: "models/minilm-mlm")
    guard FileManager.default.fileExists(atPath: folder.path) else {
      print("skipped: no shared models here")
      return
    }
    let model = try MaskedLanguageModel.load(folder: folder)
    let sequences: [[Int32]] = [128, 30, 77].map { (length: Int) -> [Int32] in
      let words = (0..<length - 2).map { Int32(1996 + ($0 * 131) % 4000) }
      return [101] + words + [102]
    }
    let batch = PackedBatch(sequences: sequences)
    let rows = (0..<Int32(batch.tokenCount)).filter { $0 % 9 == 4 }
    func logits() -> [Float] {
      var all: [Float] = []
      model.encode(batch, training: false)
      model.forEachLogitChunk(rows: rows) { _, logits, _ in all += Array(logits.elements) }
      return all
    }
    let exact = logits()
    model.precision = .bf16
    let difference = Self.norm(zip(logits(), exact).map { $0 - $1 })
    // 8 bits in every operand of 6 layers.
    #expect(difference < 2e-2 * Self.norm(exact))
  }

  @Test(arguments: [Architecture.bert, .albert])
  func logitsOfInferenceAreExactlyThoseOfTheHiddenStates(architecture: Architecture) {
    let model = Self.model(architecture)
    model.precision = .bf16
    model.encode(Self.batch, training: false)
    let words = model.weight(.wordEmbeddings)
    let bias = model.values(of: .decoderBias)
    model.forEachLogitChunk(rows: Self.rows) { _, logits, inputs in
      for row in 0..<logits.rows {
        for token in 0..<logits.columns {
          let exact = zip(inputs.row(row), words.row(token)).reduce(Double(bias[token])) {
            $0 + Double($1.0) * Double($1.1)
          }
          // 64 single-precision terms below 1; in bf16 they would be off by a hundred times as much.
          #expect(abs(Double(logits.row(row)[token]) - exact) < 2e-6)
        }
      }
    }
  }

  @Test(arguments: Precision.allCases, [Architecture.bert, .albert])
  func aStepOfAKnownShapeAllocatesNothing(precision: Precision, architecture: Architecture) {
    let model = Self.model(architecture)
    model.precision = precision
    _ = Self.step(model)
    _ = model.parameters  // as an optimiser's update
    _ = Self.step(model)
    // The count is the process's, where other tests run beside this one; a step that allocated would
    // do so each time.
    let isQuiet = (0..<50).contains { _ in
      let before = Allocations.count
      _ = model.parameters
      _ = Self.step(model)
      return Allocations.count == before
    }
    #expect(isQuiet)
  }

  @Test(arguments: Precision.allCases)
  func anUpdateThatWritesTheRoundedCopyEqualsOneThatLeavesItToTheModel(precision: Precision) {
    func loss(after change: (MaskedLanguageModel) -> Void) -> Double {
      let model = Self.model()
      model.precision = precision
      _ = Self.step(model)
      change(model)
      return Self.step(model).loss
    }
    let lazily = loss { model in
      for value in model.parameters.elements.indices { model.parameters.base[value] *= 1.25 }
    }
    let together = loss { model in
      model.update { parameters, rounded in
        #expect((rounded == nil) == (precision == .fp32))
        for value in parameters.elements.indices { parameters.base[value] *= 1.25 }
        rounded.map { Operand($0, rows: 1, columns: $0.count) }?
          .assign(0..<parameters.count, of: parameters.base)
      }
    }
    #expect(together == lazily)
    #expect(together != loss { _ in })
  }

  @Test(arguments: Precision.allCases, Architecture.allCases)
  func aStepTakesTheMemoryThatWasPlanned(
    precision: Precision, architecture: Architecture
  ) {
    let lengths = Self.batch.sequenceStarts.indices.dropFirst().map {
      Int(Self.batch.sequenceStarts[$0] - Self.batch.sequenceStarts[$0 - 1])
    }
    let configuration = Self.model(architecture).configuration
    let plan = MemoryPlan(
      training: configuration, precision: precision,
      batch: .init(
        tokens: Self.batch.tokenCount, longestSequence: Self.batch.longestSequence,
        headRows: Self.rows.count,
        probabilityCount: lengths.reduce(0) { $0 + configuration.numAttentionHeads * $1 * $1 }))
    // The count is the process's, where other tests run beside this one: the least is this model's.
    let taken = (0..<50).map { _ in
      let before = Allocations.bytes
      let model = Self.model(architecture)
      model.precision = precision
      _ = Self.step(model)
      return Allocations.bytes - before
    }
    #expect(taken.min() == plan.total - plan.moments)
  }

  @Test(arguments: Precision.allCases)
  func noBatchTakesMoreThanWasReserved(precision: Precision) {
    let whole = Self.batch
    // Of growing size, which without a reservation makes a new plan each time.
    let batches = [12, 30, 64].map { length in
      PackedBatch(sequences: [(0..<length).map { Int32($0 % 300) }])
    }
    func allocations(reserved: Bool) -> Int {
      let model = Self.model()
      model.precision = precision
      if reserved {
        model.reserve(
          .init(tokens: whole.tokenCount, longestSequence: whole.longestSequence, headRows: 1))
      }
      let before = Allocations.count
      for batch in batches + [whole] { model.encode(batch, training: true) }
      return Allocations.count - before
    }
    // The count is the process's, where other tests run beside this one: the least is this model's.
    func least(reserved: Bool) -> Int {
      (0..<50).map { _ in allocations(reserved: reserved) }.min() ?? 0
    }
    // All that is left is the copy of the parameters in bf16.
    #expect(least(reserved: true) == (precision == .bf16 ? 1 : 0))
    #expect(least(reserved: false) > 50)
  }

  @Test(arguments: Precision.allCases, [Architecture.bert, .albert])
  func packedWeightsFollowTheParameters(precision: Precision, architecture: Architecture) {
    let model = Self.model(architecture)
    model.precision = precision
    func hidden() -> [Float] {
      model.encode(Self.batch, training: false)
      return Array(model.lastHiddenStates.elements)
    }
    let first = hidden()
    #expect(hidden() == first)
    let layer = model.configuration.parameterLayer(1)
    let weight = model.layout.entry(.layer(layer, .output, .weight))
    model.parameters.base[weight.offset] += 0.5
    #expect(hidden() != first)
    model.parameters.base[weight.offset] -= 0.5
    #expect(zip(hidden(), first).allSatisfy { abs($0 - $1) < 1e-4 })  // 0.5 was added and taken
  }
}
