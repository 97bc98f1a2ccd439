package import Foundation
import Kernels
package import Transformer

/// Makes students: from some layers of a teacher's folder, or at random.
package enum StudentInitialiser {
  /// What a student takes from its teacher.
  package struct Options: Sendable, Hashable {
    /// Teacher layers, counted from 0; student layer j takes the j-th of them.
    package var layers: [Int]
    /// Take the transform, norm and bias of the masked-language-model head.
    package var copiesHead = true
    /// Add the teacher's type-0 row to every position, where the student has no token types.
    ///
    /// DistilBERT's authors drop token types, so this is off by default. Folding keeps the sum of
    /// the embeddings that the teacher's layers were trained on, for texts of one segment.
    package var foldsTokenTypes = false
    /// Seed of the parameters that are not taken.
    package var seed: UInt64 = 1

    /// Takes these layers, with the head.
    package init(layers: [Int]) { self.layers = layers }
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

  /// The shape of a DistilBERT student that can take a teacher's layers.
  ///
  /// - Throws: `StudentTrainerError.cannotInitialise`, or what reading the folder throws.
  package static func configuration(
    forTeacher folder: URL, layers: [Int]
  ) throws -> EncoderConfiguration {
    let teacher = try ConfigurationFile.read(folder: folder)
    try check(layers, teacher: teacher, folder: folder)
    return EncoderConfiguration(
      architecture: .distilBert, vocabSize: teacher.vocabSize, hiddenSize: teacher.hiddenSize,
      numHiddenLayers: layers.count, numAttentionHeads: teacher.numAttentionHeads,
      intermediateSize: teacher.intermediateSize,
      maxPositionEmbeddings: teacher.maxPositionEmbeddings, layerNormEps: teacher.layerNormEps,
      activation: teacher.activation, initializerRange: teacher.initializerRange,
      padTokenID: teacher.padTokenID)
  }

  /// A student whose parameters come from a teacher's folder; only what it takes is read.
  ///
  /// - Parameters:
  ///   - configuration: The student's shape; sizes but the depth equal the teacher's.
  ///   - folder: The teacher, a Hugging Face folder of BERT or DistilBERT.
  ///   - options: What is taken.
  /// - Returns: The student.
  /// - Throws: `StudentTrainerError.cannotInitialise` with every size that differs, or what reading
  ///   the folder throws.
  package static func student(
    _ configuration: EncoderConfiguration, fromTeacher folder: URL, options: Options
  ) throws -> MaskedLanguageModel {
    let teacher = try ConfigurationFile.read(folder: folder)
    try check(options.layers, teacher: teacher, folder: folder)
    try check(configuration, teacher: teacher, layers: options.layers, folder: folder)
    let checkpoint = try Checkpoint(folder: folder)
    let tensors = TeacherTensors(checkpoint: checkpoint, configuration: teacher)
    let model = random(configuration, seed: options.seed)
    for entry in model.layout.entries {
      guard let source = teacherParameter(entry.parameter, options: options) else { continue }
      if source == .tokenTypeEmbeddings && teacher.typeVocabSize == 0 { continue }
      let values = try tensors.floats(source, shape: entry.shape)
      let target = UnsafeMutableBufferPointer(
        start: model.parameters.base + entry.offset, count: entry.count)
      _ = target.update(from: values)
    }
    if options.foldsTokenTypes, teacher.typeVocabSize > 0, configuration.typeVocabSize == 0 {
      let types = try tensors.floats(
        .tokenTypeEmbeddings, shape: [teacher.typeVocabSize, teacher.hiddenSize])
      let positions = model.weight(.positionEmbeddings)
      for index in 0..<positions.rows {
        let row = positions.row(index)
        for column in row.indices { row[column] += types[column] }
      }
    }
    return model
  }

  /// The teacher's parameter that a student's starts from, or nil for one that stays random.
  private static func teacherParameter(_ parameter: Parameter, options: Options) -> Parameter? {
    if parameter.isHead { return options.copiesHead ? parameter : nil }
    guard case .layer(let index, let part, let term) = parameter else { return parameter }
    return .layer(options.layers[index], part, term)
  }

  private static func check(
    _ layers: [Int], teacher: EncoderConfiguration, folder: URL
  ) throws {
    let valid = 0..<teacher.numHiddenLayers
    guard !layers.isEmpty, layers.allSatisfy(valid.contains) else {
      throw StudentTrainerError.cannotInitialise(
        folder: folder.path,
        reason: "layers \(layers) were asked for, it has layers 0 to \(valid.upperBound - 1)")
    }
  }

  private static func check(
    _ student: EncoderConfiguration, teacher: EncoderConfiguration, layers: [Int], folder: URL
  ) throws {
    var differences: [String] = []
    func compare(_ name: String, _ left: some Equatable, _ right: some Equatable) {
      if "\(left)" != "\(right)" {
        differences.append("\(name): student \(left), teacher \(right)")
      }
    }
    compare("vocab_size", student.vocabSize, teacher.vocabSize)
    compare("hidden_size", student.hiddenSize, teacher.hiddenSize)
    compare("intermediate_size", student.intermediateSize, teacher.intermediateSize)
    compare("num_attention_heads", student.numAttentionHeads, teacher.numAttentionHeads)
    compare(
      "max_position_embeddings", student.maxPositionEmbeddings, teacher.maxPositionEmbeddings)
    compare("activation", student.activation.rawValue, teacher.activation.rawValue)
    if student.typeVocabSize > 0 {
      compare("type_vocab_size", student.typeVocabSize, teacher.typeVocabSize)
    }
    if student.numHiddenLayers != layers.count {
      differences.append(
        "num_hidden_layers: student \(student.numHiddenLayers), \(layers.count) layers asked for")
    }
    guard differences.isEmpty else {
      throw StudentTrainerError.cannotInitialise(
        folder: folder.path,
        reason: differences.joined(separator: "; ")
          + "; choose equal sizes, or a random initialisation")
    }
  }
}
