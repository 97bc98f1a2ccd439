import Foundation
import Transformer

/// The first values of a student's parameters, made of those of a model.
struct StudentParts {
  private let source: SourceModel
  private let student: EncoderConfiguration
  private let options: StudentInitialiser.Options
  /// For each set of the student's layer parameters, the layers that it is made of.
  private let layers: [[Int]]
  private let selection: WidthSelection
  /// Set where the student's embeddings are factorised and the model's are not.
  private var factorised: FactorisedEmbeddings?

  /// Chooses widths and factorises embeddings, where the student asks for it.
  ///
  /// - Throws: `StudentTrainerError.cannotInitialise`; what reading tensors throws.
  init(
    source: SourceModel, student: EncoderConfiguration, options: StudentInitialiser.Options
  ) throws {
    self.source = source
    self.student = student
    self.options = options
    layers = student.architecture.sharesLayers ? [options.layers] : options.layers.map { [$0] }
    selection = try WidthSelection(
      source: source, student: student, layers: layers, options: options)
    guard student.architecture.factorisesEmbeddings,
      !source.configuration.architecture.factorisesEmbeddings
    else { return }
    let types = source.configuration.typeVocabSize > 0 ? try taken(.tokenTypeEmbeddings) : []
    factorised = FactorisedEmbeddings(
      words: try taken(.wordEmbeddings), positions: try taken(.positionEmbeddings), types: types,
      norm: (try taken(.embeddingNorm(.weight)), try taken(.embeddingNorm(.bias))),
      embeddingSize: student.embeddingSize)
    guard factorised != nil else {
      throw StudentTrainerError.cannotInitialise(
        folder: source.folder.path, reason: "its embeddings hold a number that is not finite")
    }
  }

  /// The values of a parameter; nil for one that stays random.
  ///
  /// - Throws: What reading tensors throws.
  func values(of parameter: Parameter) throws -> [Float]? {
    if parameter.isHead && !options.copiesHead { return nil }
    switch parameter {
    case .layer(let index, let part, let term):
      return try mean(layers[index].map { .layer($0, part, term) }, as: parameter)
    case .tokenTypeEmbeddings where source.configuration.typeVocabSize == 0:
      // Zeros add nothing, which is what the model's layers know.
      return [Float](repeating: 0, count: student.typeVocabSize * student.embeddingSize)
    case .positionEmbeddings where foldsTokenTypes: return try foldedPositions()
    default: break
    }
    guard let factorised else { return try taken(parameter) }
    guard parameter.isHead else { return factorised.embedding(parameter) }
    return factorised.head(
      parameter,
      transform: (try taken(.headTransform(.weight)), try taken(.headTransform(.bias))),
      norm: (try taken(.headNorm(.weight)), try taken(.headNorm(.bias))),
      decoderBias: try taken(.decoderBias))
  }

  private var foldsTokenTypes: Bool {
    options.foldsTokenTypes && student.typeVocabSize == 0 && source.configuration.typeVocabSize > 0
  }

  private func foldedPositions() throws -> [Float] {
    let types = try taken(.tokenTypeEmbeddings)
    let width = student.embeddingSize
    return try taken(.positionEmbeddings).enumerated().map { $1 + types[$0 % width] }
  }

  /// What the student takes of a parameter that both have.
  private func taken(_ parameter: Parameter) throws -> [Float] {
    try mean([parameter], as: parameter)
  }

  /// The mean of what is taken of some parameters of one shape; of one, its very values.
  private func mean(_ parameters: [Parameter], as target: Parameter) throws -> [Float] {
    let all = try parameters.map {
      selection.cut(try source.floats($0), shape: source.shape(of: $0), target)
    }
    guard all.count > 1 else { return all[0] }
    return all[0].indices.map { index in
      Float(all.reduce(0.0) { $0 + Double($1[index]) } / Double(all.count))
    }
  }
}
