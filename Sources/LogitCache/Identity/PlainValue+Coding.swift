import Foundation
import Synchronization

extension PlainValue: Codable {
  /// Levels of lists and objects that are read, counted from the top of the document.
  private static let deepest = 32

  /// The values that one document may still have; for documents that anybody may have written, since
  /// a value of three bytes takes microseconds to read.
  final class Budget: Sendable {
    private let left: Mutex<Int>

    init(values: Int) { left = Mutex(values) }

    /// Takes some values off; false, and none is taken, where there are not so many left.
    fileprivate func spend(_ count: Int) -> Bool {
      left.withLock { left in
        guard count <= left else { return false }
        left -= count
        return true
      }
    }

    fileprivate func giveBack(_ count: Int) { left.withLock { $0 += count } }
  }

  /// Where a decoder keeps its ``Budget``; without one any number of values is read.
  static var budgetKey: CodingUserInfoKey {
    guard let key = CodingUserInfoKey(rawValue: "decant.plainValueBudget") else {
      preconditionFailure("a key of a user-info dictionary")
    }
    return key
  }

  package init(from decoder: any Decoder) throws {
    // Foundation's decoder takes seconds for what is nested some hundred deep.
    guard decoder.codingPath.count <= Self.deepest else {
      throw Self.refused("nested deeper than \(Self.deepest)")
    }
    try Self.spend(1, decoder)
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(String.self) {
      // First, since lists of digests are the longest values and each failed attempt costs an error.
      self = .text(value)
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .unsigned(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .signed(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let values = try? decoder.unkeyedContainer() {
      self = .list(try Self.list(values, container, decoder))
    } else {
      self = .object(try container.decode([String: PlainValue].self))
    }
  }

  /// A list: at once where all are texts or all are whole numbers, as in long ones, else one by one.
  private static func list(
    _ values: any UnkeyedDecodingContainer, _ container: any SingleValueDecodingContainer,
    _ decoder: any Decoder
  ) throws -> [PlainValue] {
    // Before anything is read; values that are read one by one spend their own.
    let count = values.count ?? 0
    try spend(count, decoder)
    if let texts = try? container.decode([String].self) { return texts.map(PlainValue.text) }
    if let numbers = try? container.decode([UInt64].self) {
      return numbers.map(PlainValue.unsigned)
    }
    giveBack(count, decoder)
    var (values, list) = (values, [PlainValue]())
    while !values.isAtEnd { list.append(try values.decode(PlainValue.self)) }
    return list
  }

  private static func spend(_ count: Int, _ decoder: any Decoder) throws {
    guard let budget = decoder.userInfo[budgetKey] as? Budget else { return }
    if !budget.spend(count) { throw refused("more values than a manifest has") }
  }

  private static func giveBack(_ count: Int, _ decoder: any Decoder) {
    (decoder.userInfo[budgetKey] as? Budget)?.giveBack(count)
  }

  private static func refused(_ reason: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: [], debugDescription: reason))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .unsigned(let value): try container.encode(value)
    case .signed(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .object(let fields): try container.encode(fields)
    }
  }
}
