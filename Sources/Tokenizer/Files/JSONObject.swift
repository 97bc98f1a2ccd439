import Foundation

/// A JSON object of a file, with errors that name the file and the key.
struct JSONObject {
  let path: String
  /// Place of this object in the file, empty at the top.
  private let prefix: String
  private let members: [String: Any]

  /// Reads a file that holds one object.
  init(contentsOf url: URL) throws {
    let data = try TokenizerFiles.read(url, advice: "give a folder that has it")
    try self.init(data, path: url.path)
  }

  /// Reads the bytes of a file that holds one object.
  init(_ data: Data, path: String) throws {
    self.path = path
    prefix = ""
    let value: Any
    do {
      value = try JSONSerialization.jsonObject(with: data)
    } catch {
      let reason = (error as NSError).userInfo["NSDebugDescription"] as? String
      throw TokenizerError.malformedJSON(path: path, reason: reason ?? "it cannot be parsed")
    }
    guard let members = value as? [String: Any] else {
      throw TokenizerError.malformedJSON(path: path, reason: "it holds another kind of value")
    }
    self.members = members
  }

  private init(path: String, prefix: String, members: [String: Any]) {
    (self.path, self.prefix, self.members) = (path, prefix, members)
  }

  /// The keys, sorted.
  var keys: [String] { members.keys.sorted() }

  /// A truth value; nil where the key is missing or null.
  func bool(_ key: String) throws -> Bool? {
    guard let value = present(key) else { return nil }
    guard let bool = value as? Bool else { throw unsupported(key, expected: "true or false") }
    return bool
  }

  /// A string; nil where the key is missing or null.
  func string(_ key: String) throws -> String? {
    guard let value = present(key) else { return nil }
    guard let string = value as? String else { throw unsupported(key, expected: "a string") }
    return string
  }

  /// A whole number; nil where the key is missing or null.
  func integer(_ key: String) throws -> Int? {
    guard let value = present(key) else { return nil }
    guard let integer = value as? Int else { throw unsupported(key, expected: "a whole number") }
    return integer
  }

  /// A whole number of a range; nil where the key is missing or null.
  func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = try integer(key) else { return nil }
    guard range.contains(value) else {
      throw unsupported(key, expected: "from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// One of the strings that have a meaning; nil where the key is missing or null.
  func choice<Value>(_ key: String, _ meanings: [(name: String, value: Value)]) throws -> Value? {
    guard let name = try string(key) else { return nil }
    guard let meaning = meanings.first(where: { $0.name == name }) else {
      let names = meanings.map { "\"\($0.name)\"" }.joined(separator: " or ")
      throw unsupported(key, expected: names)
    }
    return meaning.value
  }

  /// The list under a key; nil where the key is missing or null.
  func list(_ key: String) throws -> [Any]? {
    guard let value = present(key) else { return nil }
    guard let list = value as? [Any] else { throw unsupported(key, expected: "a list") }
    return list
  }

  /// An object; nil where the key is missing or null.
  func object(_ key: String) throws -> JSONObject? {
    guard let value = present(key) else { return nil }
    guard let members = value as? [String: Any] else {
      throw unsupported(key, expected: "an object")
    }
    return JSONObject(path: path, prefix: prefix + key + ".", members: members)
  }

  /// A list of objects; nil where the key is missing or null.
  func objects(_ key: String) throws -> [JSONObject]? {
    guard let value = present(key) else { return nil }
    guard let list = value as? [[String: Any]] else {
      throw unsupported(key, expected: "a list of objects")
    }
    return list.enumerated().map {
      JSONObject(path: path, prefix: "\(prefix)\(key)[\($0.offset)].", members: $0.element)
    }
  }

  /// A token: a string, or an object with the string as its `content`.
  func token(_ key: String) throws -> String? {
    if present(key) is String { return try string(key) }
    guard let object = try object(key) else { return nil }
    return try object.string("content")
  }

  /// Whether the key is there, be it null.
  func mentions(_ key: String) -> Bool { members[key] != nil }

  /// Whether the key is there and not null.
  func has(_ key: String) -> Bool { present(key) != nil }

  /// The error for a value that cannot be used.
  func unsupported(_ key: String, expected: String) -> TokenizerError {
    let found = members[key].map { String(String(describing: $0).prefix(80)) } ?? "missing"
    return .unsupportedConfiguration(
      path: path, key: prefix + key, found: found, expected: expected)
  }

  private func present(_ key: String) -> Any? {
    guard let value = members[key], !(value is NSNull) else { return nil }
    return value
  }
}
