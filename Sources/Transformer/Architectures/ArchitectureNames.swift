package import Foundation

/// What an architecture's file decides: its configuration's keys and its tensors' names.
package protocol ArchitectureFormat: Sendable {
  /// The checkpoint's name of a parameter, as the model with its head writes it.
  func name(of parameter: Parameter) -> String
  /// Prefix of the encoder's tensors, left out by checkpoints of the bare encoder.
  var encoderPrefix: String { get }
  /// Reads `config.json`.
  ///
  /// - Throws: `TransformerError.badConfiguration`.
  func configuration(from data: Data, file: URL) throws -> EncoderConfiguration
  /// The fields of `config.json`, ready to be written with sorted keys.
  func fields(of configuration: EncoderConfiguration) -> [String: any Encodable & Sendable]
}

extension Architecture {
  /// The architecture's names.
  package var names: any ArchitectureFormat {
    switch self {
    case .bert: BertFormat()
    case .distilBert: DistilBertFormat()
    case .albert: AlbertFormat()
    }
  }
}
