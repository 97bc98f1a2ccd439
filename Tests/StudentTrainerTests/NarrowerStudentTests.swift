import Corpus
import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Tokenizer
import Transformer

/// Students that take some of a wider model's hidden dimensions, heads and neurons.
struct NarrowerStudentTests {
  /// What is taken of a layer.
  struct Choice {
    var head: Int
    var neurons: [Int]
  }

  /// Widths of `TinyWorld.model`: hidden size 16, two heads of 8, 32 neurons.
  static let (hidden, heads, neurons) = (16, 2, 32)

  static func shape(_ architecture: Architecture) -> StudentShape {
    var shape = StudentShape()
    shape.architecture = architecture
    shape.hiddenSize = 8
    shape.intermediateSize = 16
    return shape
  }

  /// The student by hand: each tensor's rows and columns written out.
  static func expected(
    _ model: MaskedLanguageModel, _ parameter: Parameter, layers: [Int], dimensions: [Int],
    choices: [Choice]
  ) -> [Float] {
    var (source, rows, columns) = (parameter, [0], [0])
    switch parameter {
    case .wordEmbeddings: (rows, columns) = (Array(0..<TinyWorld.vocabSize), dimensions)
    case .positionEmbeddings: (rows, columns) = (Array(0..<32), dimensions)
    case .tokenTypeEmbeddings: (rows, columns) = ([0, 1], dimensions)
    case .embeddingNorm, .headNorm, .headTransform(.bias): rows = dimensions
    case .headTransform(.weight): (rows, columns) = (dimensions, dimensions)
    case .decoderBias: rows = Array(0..<TinyWorld.vocabSize)
    case .layer(let layer, let part, let term):
      source = .layer(layers[layer], part, term)
      let head = Array(choices[layer].head * 8..<choices[layer].head * 8 + 8)
      switch part {
      case .query, .key, .value: (rows, columns) = (head, dimensions)
      case .attentionOutput: (rows, columns) = (dimensions, head)
      case .intermediate: (rows, columns) = (choices[layer].neurons, dimensions)
      case .output: (rows, columns) = (dimensions, choices[layer].neurons)
      case .attentionNorm, .outputNorm: rows = dimensions
      }
      if term == .bias { columns = [0] }
    default: Issue.record("\(parameter) was not expected")
    }
    let entry = model.layout.entry(source)
    let width = entry.shape.count > 1 ? entry.shape[1] : 1
    return rows.flatMap { row in
      columns.map { model.parameters.base[entry.offset + row * width + $0] }
    }
  }

  static func expect(
    _ student: MaskedLanguageModel, isCutOf model: MaskedLanguageModel, layers: [Int],
    dimensions: [Int], choices: [Choice]
  ) {
    for entry in student.layout.entries {
      let found = Array(
        UnsafeBufferPointer(start: student.parameters.base + entry.offset, count: entry.count))
      let byHand = expected(
        model, entry.parameter, layers: layers, dimensions: dimensions, choices: choices)
      #expect(found == byHand, "\(entry.name)")
    }
  }

  @Test("the first dimensions, head and neurons", arguments: [Architecture.bert, .distilBert])
  func first(architecture: Architecture) throws {
    let folder = try TemporaryFolder()
    let model = try OtherArchitectureTests.saved(architecture, layers: 3, in: folder)
    let layers = [2, 0]
    var options = StudentInitialiser.Options(layers: layers)
    options.width = .first
    let configuration = try StudentInitialiser.configuration(
      forTeacher: folder.url, layers: layers, shape: Self.shape(architecture))
    #expect(configuration.numAttentionHeads == 1)
    let student = try StudentInitialiser.student(
      configuration, fromTeacher: folder.url, options: options)
    let choice = Choice(head: 0, neurons: Array(0..<16))
    Self.expect(
      student, isCutOf: model, layers: layers, dimensions: Array(0..<8), choices: [choice, choice])
  }

  @Test("what matters is found: dimensions that norms raise, a head that writes, neurons that read")
  func importance() throws {
    let folder = try TemporaryFolder()
    let model = TinyWorld.model(seed: 3, layers: 3, architecture: .bert)
    let layers = [2, 0]
    let dimensions = [1, 3, 4, 7, 9, 10, 12, 15]
    let choices = [
      Choice(head: 1, neurons: (0..<32).filter { $0 % 2 == 1 }),
      Choice(head: 0, neurons: Array(9..<25)),
    ]
    func scale(_ parameter: Parameter, rows: [Int]?, columns: [Int]?, by factor: Float) {
      let entry = model.layout.entry(parameter)
      let width = entry.shape.count > 1 ? entry.shape[1] : 1
      for row in rows ?? Array(0..<entry.shape[0]) {
        for column in columns ?? Array(0..<width) {
          model.parameters.base[entry.offset + row * width + column] *= factor
        }
      }
    }
    scale(.embeddingNorm(.weight), rows: dimensions, columns: nil, by: 10)
    scale(.headNorm(.weight), rows: dimensions, columns: nil, by: 10)
    for (layer, choice) in zip(layers, choices) {
      scale(.layer(layer, .attentionNorm, .weight), rows: dimensions, columns: nil, by: 10)
      scale(.layer(layer, .outputNorm, .weight), rows: dimensions, columns: nil, by: 10)
      let head = Array(choice.head * 8..<choice.head * 8 + 8)
      scale(.layer(layer, .attentionOutput, .weight), rows: nil, columns: head, by: 10)
      scale(.layer(layer, .intermediate, .weight), rows: choice.neurons, columns: nil, by: 10)
    }
    // A layer that is not taken has no say.
    scale(.layer(1, .outputNorm, .weight), rows: [0, 2, 5], columns: nil, by: 1000)
    try model.save(to: folder.url)
    let configuration = try StudentInitialiser.configuration(
      forTeacher: folder.url, layers: layers, shape: Self.shape(.bert))
    var options = StudentInitialiser.Options(layers: layers)
    options.width = .importance
    let student = try StudentInitialiser.student(
      configuration, fromTeacher: folder.url, options: options)
    Self.expect(student, isCutOf: model, layers: layers, dimensions: dimensions, choices: choices)
  }

  @Test("an ALBERT keeps the width of its embeddings when its hidden states lose some")
  func albert() throws {
    let folder = try TemporaryFolder()
    let model = try OtherArchitectureTests.saved(.albert, layers: 3, in: folder)
    var shape = Self.shape(.albert)
    shape.layers = 3
    var options = StudentInitialiser.Options(layers: [0])
    options.width = .first
    let student = try StudentInitialiser.student(
      StudentInitialiser.configuration(forTeacher: folder.url, layers: [0], shape: shape),
      fromTeacher: folder.url, options: options)
    #expect(student.configuration.embeddingSize == 8 && student.configuration.hiddenSize == 8)
    let (mine, theirs) = (
      student.weight(.headTransform(.weight)), model.weight(.headTransform(.weight))
    )
    for row in 0..<8 { #expect(Array(mine.row(row)) == Array(theirs.row(row).prefix(8))) }
    let (narrow, wide) = (
      student.weight(.embeddingProjection(.weight)), model.weight(.embeddingProjection(.weight))
    )
    for row in 0..<8 { #expect(Array(narrow.row(row)) == Array(wide.row(row))) }
    options.width = .importance
    let chosen = try StudentInitialiser.student(
      student.configuration, fromTeacher: folder.url, options: options)
    let isFinite = chosen.parameters.elements.allSatisfy(\.isFinite)
    #expect(isFinite)
  }

  @Test("widths that cannot be taken are named")
  func refusals() throws {
    let folder = try TemporaryFolder()
    _ = try OtherArchitectureTests.saved(.bert, in: folder)
    func message(_ change: (inout StudentShape) -> Void) throws -> String {
      var shape = StudentShape()
      change(&shape)
      let error = #expect(throws: StudentTrainerError.self) {
        try StudentInitialiser.configuration(forTeacher: folder.url, layers: [0], shape: shape)
      }
      return "\(try #require(error))"
    }
    #expect(try message { $0.hiddenSize = 12 }.contains("hidden_size 12 of 1 heads"))
    #expect(try message { $0.numAttentionHeads = 4 }.contains("hidden_size 16 of 4 heads"))
    #expect(try message { $0.hiddenSize = 32 }.contains("hidden_size: student 32, the model 16"))
    #expect(
      try message { $0.intermediateSize = 64 }
        .contains("intermediate_size: student 64, the model 32"))
    #expect(try message { $0.layers = 2 }.contains("num_hidden_layers: student 2, 1 layers"))
    #expect(
      try message {
        $0.architecture = .albert
        $0.embeddingSize = 17
      }.contains("embedding_size: student 17"))
  }

  /// Three of the teacher's six layers and 256 of its 384 dimensions. On 20,000 tokens of WikiText-2
  /// they begin with 8.1 nats, the first dimensions with 8.4, a random student with 10.4.
  @Test(
    "a narrower student of a real teacher starts below a random one",
    .enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
  func realTeacher() throws {
    let folder = try #require(SharedFixtures.url("models/minilm-mlm"))
    let text = try #require(SharedFixtures.url("data/wikitext-2/valid.txt.gz"))
    let scratch = try TemporaryFolder()
    let target = scratch.url.appending(path: "corpus")
    _ = try CorpusBuilder(
      tokenizer: try WordPieceTokenizer.load(folder: folder),
      options: CorpusOptions(maxLength: 64)
    ).build(inputs: [text], into: target)
    let evaluator = try HeldOut.evaluator(TokenizedCorpus.open(folder: target), maxTokens: 2000)

    var shape = StudentShape()
    shape.hiddenSize = 256
    var options = StudentInitialiser.Options(layers: [0, 3, 5])
    let configuration = try StudentInitialiser.configuration(
      forTeacher: folder, layers: options.layers, shape: shape)
    #expect(configuration.numAttentionHeads == 8 && configuration.intermediateSize == 1024)
    func loss() throws -> Double {
      try evaluator.evaluate(
        StudentInitialiser.student(configuration, fromTeacher: folder, options: options)
      ).loss
    }
    let first = try loss()
    options.width = .importance
    let chosen = try loss()
    let random = try evaluator.evaluate(StudentInitialiser.random(configuration, seed: 1)).loss
    #expect(chosen < first && first < random - 1, "\(chosen), \(first), \(random)")
  }
}
