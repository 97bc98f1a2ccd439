import Foundation
import ShardStore

/// A JSON value whose meaning another module owns.
package enum PlainValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case unsigned(UInt64)
  case signed(Int64)
  case number(Double)
  case text(String)
  case list([PlainValue])
  case object([String: PlainValue])

  /// The JSON of a value.
  ///
  /// - Throws: What `JSONEncoder` throws, for example for a number that is not finite.
  package init(encoding value: some Encodable) throws {
    self = try JSONDecoder().decode(PlainValue.self, from: JSONEncoder().encode(value))
  }

  /// The value of which this is the JSON.
  ///
  /// - Throws: What `JSONDecoder` throws where a field is missing or of another type.
  package func decode<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(type, from: JSONEncoder().encode(self))
  }

  /// JSON without white space, keys in the order of their bytes: one text for one value.
  package var canonicalText: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    case .signed(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): Self.quoted(value)
    case .list(let values): "[" + values.map(\.canonicalText).joined(separator: ",") + "]"
    case .object(let fields):
      "{"
        + fields.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\(Self.quoted($0.key)):\($0.value.canonicalText)" }.joined(separator: ",") + "}"
    }
  }

  /// SHA-256 of `canonicalText`, hexadecimal.
  package func digest() -> String {
    ContentDigest.bytes(Array(canonicalText.utf8))
  }

  /// The leaves in which another value differs, by dotted path, in order.
  package func differences(from found: PlainValue) -> [FieldDifference] {
    let expected = leaves()
    let others = found.leaves()
    return Set(expected.keys).union(others.keys).sorted().compactMap { path in
      let left = expected[path] ?? "nothing"
      let right = others[path] ?? "nothing"
      return left == right
        ? nil : FieldDifference(field: path, expected: left, found: right)
    }
  }

  private func leaves(_ path: String = "") -> [String: String] {
    guard case .object(let fields) = self else { return [path: canonicalText] }
    return fields.reduce(into: [:]) { leaves, field in
      let name = path.isEmpty ? field.key : "\(path).\(field.key)"
      leaves.merge(field.value.leaves(name)) { first, _ in first }
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\0"..<" ":
        result += "\\u00" + Hexadecimal.text([UInt8(scalar.value)])
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
