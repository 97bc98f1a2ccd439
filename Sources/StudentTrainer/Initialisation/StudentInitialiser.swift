package import Foundation
import Kernels
package import Transformer

/// Makes students: from layers of a model's folder, a teacher or another student, or at random.
package enum StudentInitialiser {
  /// What a student takes from the model it starts from.
  package struct Options: Sendable, Hashable {
    /// Layers of the model, counted from 0, each as often as wanted: student layer j takes the j-th.
    ///
    /// Where the student's layers share their parameters, these are the mean of all that are named.
    package var layers: [Int]
    /// Take the transform, norm and bias of the masked-language-model head.
    package var copiesHead = true
    /// Add the model's type-0 row to every position, where the student has no token types.
    ///
    /// DistilBERT's authors drop token types, so this is off by default. Folding keeps the sum of
    /// the embeddings that the model's layers were trained on, for texts of one segment.
    package var foldsTokenTypes = false
    /// How a narrower student chooses what it takes.
    package var width = Width.first
    /// Seed of the parameters that are not taken.
    package var seed: UInt64 = 1

    /// Takes these layers, with the head.
    package init(layers: [Int]) { self.layers = layers }
  }

  /// How hidden dimensions, heads and neurons are chosen for a narrower student.
  package enum Width: String, Sendable, CaseIterable {
    /// Those that matter most, by the weights alone (`WidthImportance` defines it).
    case importance
    /// The first ones.
    case first
  }

  /// The layers that DistilBERT takes for a student of half the depth, in general: evenly spread,
  /// the first and (where there are two or more) the last included.
  ///
  /// - Precondition: `0 < studentLayers <= teacherLayers`.
  package static func evenlySpread(studentLayers: Int, teacherLayers: Int) -> [Int] {
    precondition(
      studentLayers > 0 && studentLayers <= teacherLayers,
      "\(studentLayers) layers of a teacher of \(teacherLayers)")
    if studentLayers == 6 && teacherLayers == 12 { return [0, 2, 4, 7, 9, 11] }
    guard studentLayers > 1 else { return [0] }
    return (0..<studentLayers).map { layer in
      (2 * layer * (teacherLayers - 1) + (studentLayers - 1)) / (2 * (studentLayers - 1))
    }
  }

  /// A student of random parameters.
  package static func random(
    _ configuration: EncoderConfiguration, seed: UInt64
  ) -> MaskedLanguageModel {
    let model = MaskedLanguageModel(configuration: configuration)
    model.initializeRandomly(seed: seed)
    return model
  }

  /// The configuration of a student that takes some layers of a model.
  ///
  /// - Parameters:
  ///   - folder: The model, a Hugging Face folder of any architecture.
  ///   - layers: The layers that are taken.
  ///   - shape: What is asked of the student; by default a DistilBERT of the model's widths.
  /// - Returns: The configuration.
  /// - Throws: `StudentTrainerError.cannotInitialise` with all that does not fit, or what reading
  ///   the folder throws.
  package static func configuration(
    forTeacher folder: URL, layers: [Int], shape: StudentShape = StudentShape()
  ) throws -> EncoderConfiguration {
    let source = try ConfigurationFile.read(folder: folder)
    try check(layers, source: source, folder: folder)
    switch shape.configuration(from: source, layers: layers) {
    case .configuration(let configuration): return configuration
    case .problems(let problems):
      throw StudentTrainerError.cannotInitialise(
        folder: folder.path, reason: problems.joined(separator: "; "))
    }
  }

  /// A student whose parameters come from a model's folder; only what it takes is read.
  ///
  /// - Parameters:
  ///   - configuration: The student's shape, as `configuration(forTeacher:)` gives it.
  ///   - folder: The model, a Hugging Face folder of any architecture.
  ///   - options: What is taken.
  /// - Returns: The student.
  /// - Throws: `StudentTrainerError.cannotInitialise` with all that does not fit, or what reading
  ///   the folder throws.
  package static func student(
    _ configuration: EncoderConfiguration, fromTeacher folder: URL, options: Options
  ) throws -> MaskedLanguageModel {
    let source = try SourceModel(folder: folder)
    try check(options.layers, source: source.configuration, folder: folder)
    try check(configuration, source: source, options: options)
    let parts = try StudentParts(source: source, student: configuration, options: options)
    let model = random(configuration, seed: options.seed)
    for entry in model.layout.entries {
      guard let values = try parts.values(of: entry.parameter) else { continue }
      precondition(values.count == entry.count, "\(values.count) values for \(entry.name)")
      let target = UnsafeMutableBufferPointer(
        start: model.parameters.base + entry.offset, count: entry.count)
      _ = target.update(from: values)
    }
    return model
  }

  private static func check(
    _ layers: [Int], source: EncoderConfiguration, folder: URL
  ) throws {
    let valid = 0..<source.numHiddenLayers
    guard !layers.isEmpty, layers.allSatisfy(valid.contains) else {
      throw StudentTrainerError.cannotInitialise(
        folder: folder.path,
        reason: "layers \(layers) were asked for, it has layers 0 to \(valid.upperBound - 1)")
    }
  }

  /// Throws with every field in which a configuration is not one for this model.
  private static func check(
    _ student: EncoderConfiguration, source: SourceModel, options: Options
  ) throws {
    var shape = StudentShape()
    shape.architecture = student.architecture
    shape.layers = student.numHiddenLayers
    shape.hiddenSize = student.hiddenSize
    shape.numAttentionHeads = student.numAttentionHeads
    shape.intermediateSize = student.intermediateSize
    if student.architecture.factorisesEmbeddings { shape.embeddingSize = student.embeddingSize }
    var problems: [String] = []
    switch shape.configuration(from: source.configuration, layers: options.layers) {
    case .problems(let found): problems = found
    case .configuration(let expected):
      func compare(_ name: String, _ left: some Equatable, _ right: some Equatable) {
        if "\(left)" != "\(right)" { problems.append("\(name): student \(left), here \(right)") }
      }
      compare("vocab_size", student.vocabSize, expected.vocabSize)
      compare(
        "max_position_embeddings", student.maxPositionEmbeddings, expected.maxPositionEmbeddings)
      compare("activation", student.activation.rawValue, expected.activation.rawValue)
      compare("type_vocab_size", student.typeVocabSize, expected.typeVocabSize)
    }
    guard problems.isEmpty else {
      throw StudentTrainerError.cannotInitialise(
        folder: source.folder.path, reason: problems.joined(separator: "; "))
    }
  }
}
