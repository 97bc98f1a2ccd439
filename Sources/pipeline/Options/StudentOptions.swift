import ArgumentParser
import Foundation
import StudentTrainer
import Transformer

/// The student's shape and its first parameters.
struct StudentOptions: ParsableArguments {
  @Option(
    help: "The student's family: distilbert, bert or albert (over the same WordPiece vocabulary).")
  var architecture = Architecture.distilBert

  @Option(help: "Layers of the student.")
  var layers: Int?

  @Option(help: "Hidden size; the default is that of --init-from, or of the teacher.")
  var hiddenSize: Int?

  @Option(help: "Attention heads; the default is one for 64 of the hidden size, or as --init-from.")
  var heads: Int?

  @Option(help: "Feed-forward size; the default is four times the hidden size, or as --init-from.")
  var intermediateSize: Int?

  @Option(help: "Width of an albert's word embeddings; 128 unless given.")
  var embeddingSize: Int?

  @Option(
    help: ArgumentHelp(
      """
      Start from this model folder, a teacher or another student of any family. A narrower student \
      takes whole heads, neurons and hidden dimensions.
      """))
  var initFrom: String?

  @Option(
    help: ArgumentHelp(
      """
      Layers to start from, such as 0,2,4, each as often as named; the default spreads them evenly. \
      An albert's one layer is their mean, the default the first.
      """, valueName: "list"))
  var initLayers: String?

  @Option(
    help: ArgumentHelp(
      "How a narrower student chooses what it takes: first (unless given), or importance by the weights.",
      valueName: "how"))
  var initWidth: StudentInitialiser.Width?

  @Flag(help: "Start the masked-language-model head at random, not from --init-from.")
  var randomHead = false

  @Flag(
    help: "Add token type 0 of --init-from to a distilbert's positions, instead of dropping it.")
  var foldTokenTypes = false

  /// Layers of a student where nothing says.
  private static let defaultLayers = 3
  /// Longest sequence of a student that does not start from a model; DistilBERT's.
  private static let positions = 512

  func validate() throws {
    if initFrom == nil && (initLayers != nil || randomHead || initWidth != nil || foldTokenTypes) {
      throw ValidationError(
        "--init-layers, --init-width, --random-head and --fold-token-types need --init-from MODEL")
    }
    if embeddingSize != nil && !architecture.factorisesEmbeddings {
      throw ValidationError(
        "--embedding-size is for --architecture albert; the others' embeddings are as wide as "
          + "their hidden states")
    }
    if foldTokenTypes && architecture != .distilBert {
      throw ValidationError("--fold-token-types is for distilbert; the others have token types")
    }
    for (name, value) in [
      ("--layers", layers), ("--hidden-size", hiddenSize), ("--heads", heads),
      ("--intermediate-size", intermediateSize), ("--embedding-size", embeddingSize),
    ] {
      if let value, value < 1 { throw ValidationError("\(name) \(value) is not positive") }
    }
  }

  /// Writes out the shape that these options gave.
  func resolve(_ shape: EncoderConfiguration, into options: inout ResolvedOptions) {
    options.set("layers", shape.numHiddenLayers)
    options.setPath("init-from", initFrom)
    options.set("hidden-size", shape.hiddenSize)
    options.set("heads", shape.numAttentionHeads)
    options.set("intermediate-size", shape.intermediateSize)
    if architecture.factorisesEmbeddings { options.set("embedding-size", shape.embeddingSize) }
  }

  /// Makes the student with its first parameters.
  func makeModel(
    vocabSize: Int, teacherHiddenSize: Int?, seed: UInt64
  ) throws -> MaskedLanguageModel {
    guard let initFrom else {
      let request = NewModel(
        architecture: architecture, vocabSize: vocabSize,
        hiddenSize: try hiddenSize(teacherHiddenSize), layers: layers ?? Self.defaultLayers,
        heads: heads, intermediateSize: intermediateSize, embeddingSize: embeddingSize,
        positions: Self.positions)
      return StudentInitialiser.random(try request.configuration(), seed: seed)
    }
    let folder = URL(argument: initFrom)
    let chosen = try chosenLayers(source: folder)
    let shape = try StudentInitialiser.configuration(
      forTeacher: folder, layers: chosen, shape: shape(layers: chosen, source: folder))
    guard shape.vocabSize == vocabSize else {
      throw CommandFailure(
        "\(initFrom) has a vocabulary of \(shape.vocabSize), the soft targets one of \(vocabSize)")
    }
    try ModelSize.check(shape)
    var options = StudentInitialiser.Options(layers: chosen)
    options.copiesHead = !randomHead
    options.foldsTokenTypes = foldTokenTypes
    options.width = initWidth ?? .first
    options.seed = seed
    return try StudentInitialiser.student(shape, fromTeacher: folder, options: options)
  }

  private func hiddenSize(_ teachers: Int?) throws -> Int {
    guard let hidden = hiddenSize ?? teachers else {
      throw ValidationError("say how wide the student is: --hidden-size")
    }
    return hidden
  }

  private func shape(layers chosen: [Int], source: URL) throws -> StudentShape {
    var shape = StudentShape()
    shape.architecture = architecture
    shape.layers = layers
    if architecture.sharesLayers && layers == nil {
      shape.layers = try max(1, ConfigurationFile.read(folder: source).numHiddenLayers / 2)
    }
    shape.hiddenSize = hiddenSize
    shape.numAttentionHeads = heads
    shape.intermediateSize = intermediateSize
    shape.embeddingSize = embeddingSize
    return shape
  }

  private func chosenLayers(source folder: URL) throws -> [Int] {
    if let initLayers {
      let numbers = initLayers.split(separator: ",", omittingEmptySubsequences: false)
        .map { Int($0) }
      let chosen = numbers.compactMap { $0 }
      guard !chosen.isEmpty, chosen.count == numbers.count else {
        throw ValidationError("--init-layers '\(initLayers)' is not a list such as 0,2,4")
      }
      if !architecture.sharesLayers, let layers, layers != chosen.count {
        throw ValidationError("--layers \(layers), but --init-layers names \(chosen.count)")
      }
      return chosen
    }
    let available = try ConfigurationFile.read(folder: folder).numHiddenLayers
    // One set of parameters for all layers: the first one's.
    let wanted = architecture.sharesLayers ? 1 : layers ?? max(1, available / 2)
    guard wanted <= available else {
      throw CommandFailure(
        "--layers \(wanted), but \(folder.path) has only \(available); name the layers, some of "
          + "them twice, with --init-layers")
    }
    return StudentInitialiser.evenlySpread(studentLayers: wanted, teacherLayers: available)
  }
}

extension Architecture: ExpressibleByArgument {}
extension StudentInitialiser.Width: ExpressibleByArgument {}
