import Foundation
import Tokenizer
import Transformer

/// Writes a trained model as a Hugging Face folder.
enum ModelExport {
  /// Writes `config.json`, `model.safetensors` and the tokenizer's files into a run's folder.
  static func write(
    _ model: MaskedLanguageModel, tokenizer: WordPieceTokenizer, to folder: URL,
    precision: SafetensorsWriter.Precision
  ) throws {
    try model.save(to: folder, precision: precision)
    try tokenizer.save(to: folder, modelMaxLength: model.configuration.maxPositionEmbeddings)
  }
}
