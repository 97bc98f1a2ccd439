import ArgumentParser
import Foundation
import StudentTrainer
import Transformer

/// The student's shape and its first parameters.
struct StudentOptions: ParsableArguments {
  @Option(help: "Layers of the student.")
  var layers: Int?

  @Option(help: "Hidden size; the default is the teacher's.")
  var hiddenSize: Int?

  @Option(help: "Attention heads; the default is one for 64 of the hidden size.")
  var heads: Int?

  @Option(help: "Feed-forward size; the default is four times the hidden size.")
  var intermediateSize: Int?

  @Option(help: "Start from layers of this teacher folder, whose weights are read and not kept.")
  var initFrom: String?

  @Option(
    help: ArgumentHelp(
      "Teacher layers to start from, such as 0,2,4; the default spreads them evenly.",
      valueName: "list"))
  var initLayers: String?

  @Flag(help: "Start the masked-language-model head at random, not from --init-from.")
  var randomHead = false

  /// Layers of a student where nothing says.
  private static let defaultLayers = 3
  /// Longest sequence of a student that does not start from a teacher; DistilBERT's.
  private static let positions = 512

  func validate() throws {
    if initFrom == nil && (initLayers != nil || randomHead) {
      throw ValidationError("--init-layers and --random-head need --init-from TEACHER")
    }
    if initFrom != nil && (hiddenSize != nil || heads != nil || intermediateSize != nil) {
      throw ValidationError(
        "a student that starts from a teacher has its widths: leave out --hidden-size, --heads "
          + "and --intermediate-size, or --init-from")
    }
    for (name, value) in [
      ("--layers", layers), ("--hidden-size", hiddenSize), ("--heads", heads),
      ("--intermediate-size", intermediateSize),
    ] {
      if let value, value < 1 { throw ValidationError("\(name) \(value) is not positive") }
    }
  }

  /// Writes out the shape that these options gave.
  func resolve(_ shape: EncoderConfiguration, into options: inout ResolvedOptions) {
    options.set("layers", shape.numHiddenLayers)
    options.setPath("init-from", initFrom)
    guard initFrom == nil else { return }
    options.set("hidden-size", shape.hiddenSize)
    options.set("heads", shape.numAttentionHeads)
    options.set("intermediate-size", shape.intermediateSize)
  }

  /// Makes the student with its first parameters.
  func makeModel(
    vocabSize: Int, teacherHiddenSize: Int?, seed: UInt64
  ) throws -> MaskedLanguageModel {
    guard let initFrom else {
      return StudentInitialiser.random(
        try shape(vocabSize: vocabSize, teacherHiddenSize: teacherHiddenSize), seed: seed)
    }
    let folder = URL(argument: initFrom)
    let chosen = try chosenLayers(teacher: folder)
    let shape = try StudentInitialiser.configuration(forTeacher: folder, layers: chosen)
    guard shape.vocabSize == vocabSize else {
      throw CommandFailure(
        "\(initFrom) has a vocabulary of \(shape.vocabSize), the soft targets one of \(vocabSize)")
    }
    var options = StudentInitialiser.Options(layers: chosen)
    options.copiesHead = !randomHead
    options.seed = seed
    return try StudentInitialiser.student(shape, fromTeacher: folder, options: options)
  }

  private func chosenLayers(teacher folder: URL) throws -> [Int] {
    if let initLayers {
      let numbers = initLayers.split(separator: ",").map { Int($0) }
      let chosen = numbers.compactMap { $0 }
      guard !chosen.isEmpty, chosen.count == numbers.count else {
        throw ValidationError("--init-layers '\(initLayers)' is not a list such as 0,2,4")
      }
      if let layers, layers != chosen.count {
        throw ValidationError("--layers \(layers), but --init-layers names \(chosen.count)")
      }
      return chosen
    }
    let available = try ConfigurationFile.read(folder: folder).numHiddenLayers
    let wanted = layers ?? max(1, available / 2)
    guard wanted <= available else {
      throw CommandFailure("--layers \(wanted), but \(folder.path) has only \(available)")
    }
    return StudentInitialiser.evenlySpread(studentLayers: wanted, teacherLayers: available)
  }

  private func shape(vocabSize: Int, teacherHiddenSize: Int?) throws -> EncoderConfiguration {
    guard let hidden = hiddenSize ?? teacherHiddenSize else {
      throw ValidationError("say how wide the student is: --hidden-size")
    }
    let heads = heads ?? max(1, hidden / 64)
    guard hidden % heads == 0 else {
      throw ValidationError("--hidden-size \(hidden) is no multiple of --heads \(heads)")
    }
    let layers = layers ?? Self.defaultLayers
    let (fourfold, overflow) = hidden.multipliedReportingOverflow(by: 4)
    let intermediate = intermediateSize ?? (overflow ? .max : fourfold)
    try ModelSize.check(
      vocabSize: vocabSize, hiddenSize: hidden, layers: layers, intermediateSize: intermediate,
      positions: Self.positions)
    return EncoderConfiguration(
      architecture: .distilBert, vocabSize: vocabSize, hiddenSize: hidden,
      numHiddenLayers: layers, numAttentionHeads: heads, intermediateSize: intermediate,
      maxPositionEmbeddings: Self.positions)
  }
}
