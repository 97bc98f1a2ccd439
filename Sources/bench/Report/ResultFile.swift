import Console
import Foundation
import ShardStore

/// Figures as a file and as text, the same for every table.
enum ResultFile {
  /// Writes figures as JSON with sorted keys in snake case, and says where.
  ///
  /// - Throws: An encoding error, or `ShardStoreError`.
  static func write(_ figures: some Encodable, to file: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    try AtomicFile.write([UInt8](encoder.encode(figures)), to: file)
    Terminal.note("results: \(file.relativePath)")
  }

  /// Two places below 100, whole numbers above.
  static func number(_ value: Double) -> String {
    value < 100 ? Format.fixed(value, 2) : Format.count(Int(value.rounded()))
  }
}
