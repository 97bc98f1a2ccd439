import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// Students that start from a model of another family.
struct OtherArchitectureTests {
  static let batch = PackedBatch(sequences: [
    [2, 10, 20, 4, 3], [2, 7, 3], [2, 40, 41, 9, 50, 3],
  ])

  /// A random model whose norms and biases are random too, in a folder.
  static func saved(
    _ architecture: Architecture, layers: Int = 2, in folder: TemporaryFolder
  ) throws -> MaskedLanguageModel {
    let model = TinyWorld.model(seed: 31, layers: layers, architecture: architecture)
    var generator = SplitMix64(seed: 5)
    for entry in model.layout.entries where !entry.decays {
      for index in 0..<entry.count {
        model.parameters.base[entry.offset + index] += Float(0.2 * generator.nextNormal())
      }
    }
    try model.save(to: folder.url)
    return model
  }

  static func student(
    _ architecture: Architecture, from folder: TemporaryFolder, layers: [Int] = [0, 1],
    depth: Int? = nil, embeddingSize: Int? = nil,
    options change: (inout StudentInitialiser.Options) -> Void = { _ in }
  ) throws -> MaskedLanguageModel {
    var shape = StudentShape()
    shape.architecture = architecture
    shape.layers = depth
    shape.embeddingSize = embeddingSize
    var options = StudentInitialiser.Options(layers: layers)
    change(&options)
    return try StudentInitialiser.student(
      StudentInitialiser.configuration(forTeacher: folder.url, layers: layers, shape: shape),
      fromTeacher: folder.url, options: options)
  }

  static func outputs(_ model: MaskedLanguageModel) -> (states: [Float], logits: [Float]) {
    model.encode(batch, training: false)
    let states = Array(model.lastHiddenStates.elements)
    var logits: [Float] = []
    model.forEachLogitChunk(rows: (0..<Int32(batch.tokenCount)).map { $0 }) { _, chunk, _ in
      logits += Array(chunk.elements)
    }
    return (states, logits)
  }

  static func embeddings(_ model: MaskedLanguageModel) -> [Float] {
    model.encode(batch, training: true)
    return Array(model.hiddenStates[0].elements)
  }

  @Test(
    "a student of its model's family and widths is that model", arguments: Architecture.allCases)
  func whole(architecture: Architecture) throws {
    let folder = try TemporaryFolder()
    let model = try Self.saved(architecture, in: folder)
    for width in StudentInitialiser.Width.allCases {
      let layers = architecture.sharesLayers ? [0] : [0, 1]
      let student = try Self.student(architecture, from: folder, layers: layers, depth: 2) {
        $0.width = width
      }
      #expect(student.configuration == model.configuration)
      #expect(bits(student.parameters) == bits(model.parameters))
    }
  }

  @Test("a BERT made of a DistilBERT computes the same, its token types being zero")
  func fromDistilBert() throws {
    let folder = try TemporaryFolder()
    let model = try Self.saved(.distilBert, in: folder)
    let student = try Self.student(.bert, from: folder)
    #expect(student.configuration.typeVocabSize == 2)
    #expect(Self.outputs(student) == Self.outputs(model))
  }

  @Test("an ALBERT takes the mean of the layers that are named")
  func mean() throws {
    let folder = try TemporaryFolder()
    let model = try Self.saved(.bert, layers: 3, in: folder)
    let student = try Self.student(.albert, from: folder, layers: [0, 2], depth: 5)
    #expect(student.configuration.numHiddenLayers == 5)
    for part in Parameter.LayerPart.allCases {
      for term in [Parameter.Term.weight, .bias] {
        let (mine, first, last) = (
          student.layout.entry(.layer(0, part, term)), model.layout.entry(.layer(0, part, term)),
          model.layout.entry(.layer(2, part, term))
        )
        for index in 0..<mine.count {
          let sum =
            model.parameters.base[first.offset + index] + model.parameters.base[last.offset + index]
          #expect(abs(student.parameters.base[mine.offset + index] - sum / 2) < 1e-6)
        }
      }
    }
  }

  @Test(
    "embeddings factorised to their own width give what they gave",
    arguments: [
      Architecture.bert, .distilBert,
    ])
  func factorised(architecture: Architecture) throws {
    let folder = try TemporaryFolder()
    let model = try Self.saved(architecture, in: folder)
    let expected = Self.embeddings(model).map(Double.init)
    var errors: [Double] = []
    for size in [16, 12, 8, 4] {
      let student = try Self.student(
        .albert, from: folder, layers: [0], depth: 2, embeddingSize: size)
      #expect(student.configuration.embeddingSize == size)
      let ours = Self.embeddings(student)
      let difference = zip(ours, expected).reduce(0.0) { $0 + pow(Double($1.0) - $1.1, 2) }
      errors.append((difference / expected.reduce(0.0) { $0 + $1 * $1 }).squareRoot())
    }
    // Single precision, and an eigenvector decomposition of its sums.
    #expect(errors[0] < 1e-4, "\(errors)")
    #expect(errors == errors.sorted(), "\(errors)")
    #expect(errors[3] < 1.1, "\(errors)")
  }

  @Test("layers of an ALBERT are one, whichever is named; its embeddings serve an ALBERT alone")
  func fromAlbert() throws {
    let folder = try TemporaryFolder()
    let model = try Self.saved(.albert, layers: 3, in: folder)
    let student = try Self.student(.albert, from: folder, layers: [2], depth: 3)
    #expect(Self.outputs(student) == Self.outputs(model))
    for (architecture, size, text) in [
      (Architecture.distilBert, nil, "factorised (embedding_size 8)"),
      (.bert, nil, "--architecture albert"), (.albert, 4, "embedding_size: student 4, the model 8"),
    ] as [(Architecture, Int?, String)] {
      let error = #expect(throws: StudentTrainerError.self) {
        try Self.student(architecture, from: folder, embeddingSize: size)
      }
      #expect("\(try #require(error))".contains(text))
    }
  }

  @Test("an encoder without a head is refused by its tensors' names, unless the head stays random")
  func withoutHead() throws {
    let folder = try TemporaryFolder()
    let model = try Self.saved(.bert, in: folder)
    let tensors = model.layout.entries.filter { !$0.isHead }.map { entry in
      SafetensorsWriter.Tensor(
        name: String(entry.name.dropFirst("bert.".count)), shape: entry.shape,
        values: UnsafeBufferPointer(
          start: model.parameters.base + entry.offset, count: entry.count))
    }
    try SafetensorsWriter.write(tensors, to: folder.url.appending(path: "model.safetensors"))
    let error = #expect(throws: TransformerError.self) {
      try Self.student(.distilBert, from: folder)
    }
    #expect("\(try #require(error))".contains("--random-head"))
    for architecture in [Architecture.distilBert, .bert, .albert] {
      let layers = architecture.sharesLayers ? [1] : [0, 1]
      let student = try Self.student(architecture, from: folder, layers: layers) {
        $0.copiesHead = false
      }
      #expect(
        student.values(of: .layer(0, .output, .weight))[3]
          == model.values(of: .layer(architecture.sharesLayers ? 1 : 0, .output, .weight))[3])
    }
  }
}
