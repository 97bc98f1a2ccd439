import Foundation

/// Takes one string field out of a JSON object.
///
/// The other fields are parsed for correctness but not kept. One value for a whole file: the decoder
/// is reused.
struct JSONField {
  /// The field's name, a key of the outermost object.
  let name: String
  private let decoder: JSONDecoder

  private static let nameKey = CodingUserInfoKey(rawValue: "corpus.json-field")

  init(name: String) {
    self.name = name
    decoder = JSONDecoder()
    if let key = JSONField.nameKey {
      decoder.userInfo[key] = name
    }
  }

  /// The text of the field.
  ///
  /// - Parameters:
  ///   - line: One line of valid UTF-8.
  ///   - path: The file's name for errors.
  ///   - number: The line's number for errors.
  /// - Throws: `CorpusError.badJSON`, `.badField`.
  func text(in line: UnsafeRawBufferPointer, path: String, number: Int) throws -> String {
    func badField(_ reason: String) -> CorpusError {
      .badField(file: path, line: number, field: name, reason: reason)
    }
    do {
      return try decoder.decode(Record.self, from: Data(line)).text
    } catch DecodingError.keyNotFound {
      throw badField("is missing")
    } catch DecodingError.valueNotFound {
      throw badField("is null, not a string")
    } catch DecodingError.typeMismatch(_, let context) where !context.codingPath.isEmpty {
      throw badField("is not a string")
    } catch DecodingError.typeMismatch {
      throw CorpusError.badJSON(file: path, line: number, reason: "it is another JSON value")
    } catch DecodingError.dataCorrupted(let context) {
      throw CorpusError.badJSON(
        file: path, line: number,
        reason: context.underlyingError.map { Self.reason($0) } ?? context.debugDescription)
    }
  }

  /// What the parser found, without the layers of wrapping round it.
  private static func reason(_ error: any Error) -> String {
    let details = (error as NSError).userInfo["NSDebugDescription"] as? String
    return (details ?? "\(error)").trimmingCharacters(in: CharacterSet(charactersIn: ". \n"))
  }

  private struct Record: Decodable {
    let text: String

    private struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      let name = JSONField.nameKey.flatMap { decoder.userInfo[$0] as? String }
      let container = try decoder.container(keyedBy: Key.self)
      text = try container.decode(String.self, forKey: Key(stringValue: name ?? "text"))
    }
  }
}
