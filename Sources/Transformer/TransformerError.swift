package import Foundation

/// What can be wrong with a model folder; each message says what, where and how to mend it.
package enum TransformerError: Error, Equatable, CustomStringConvertible {
  /// A file of the folder is missing or cannot be read.
  case unreadable(file: URL, reason: String)
  /// `config.json` is not what the architecture needs.
  case badConfiguration(file: URL, reason: String)
  /// `config.json` names an architecture that is not supported here.
  case unsupportedArchitecture(file: URL, found: String, supported: [String])
  /// A safetensors file does not hold what its header declares.
  case badCheckpoint(file: URL, reason: String)
  /// Tensors that the model needs are not in the checkpoint.
  case missingTensors(file: URL, names: [String], hint: String)
  /// A tensor has another shape than the configuration says.
  case wrongShape(file: URL, tensor: String, expected: [Int], found: [Int])
  /// A file could not be written.
  case unwritable(file: URL, reason: String)

  /// The message for the person at the terminal.
  package var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "cannot read \(file.path): \(reason)"
    case .badConfiguration(let file, let reason):
      "\(file.path): \(reason)"
    case .unsupportedArchitecture(let file, let found, let supported):
      "\(file.path): model_type \(found) is not supported; give a folder of one of: "
        + supported.joined(separator: ", ")
    case .badCheckpoint(let file, let reason):
      "\(file.path) is damaged: \(reason); copy or download it again"
    case .missingTensors(let file, let names, let hint):
      "\(file.path) lacks \(names.count) tensor(s): \(Self.list(names)); \(hint)"
    case .wrongShape(let file, let tensor, let expected, let found):
      "\(file.path): \(tensor) has shape \(found), but config.json asks for \(expected); "
        + "the two files belong to different models"
    case .unwritable(let file, let reason):
      "cannot write \(file.path): \(reason); check permissions and free space"
    }
  }

  private static func list(_ names: [String]) -> String {
    // Enough for a whole head, so that its absence reads in full.
    let shown = names.prefix(8).joined(separator: ", ")
    return names.count > 8 ? shown + ", …" : shown
  }
}
