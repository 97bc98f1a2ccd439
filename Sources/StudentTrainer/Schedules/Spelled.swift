/// A value with one spelling, which it has on the command line and in every file.
package protocol Spelled: LosslessStringConvertible, Codable {}

extension Spelled {
  /// Reads the spelling.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Self(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "'\(text)' is no \(Self.self)")
    }
    self = value
  }

  /// Writes the spelling, one text, so that a run's identity has one form of it.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
