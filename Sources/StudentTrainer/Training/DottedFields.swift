/// The values of a JSON object by their dotted names, `model.hiddenSize`.
package enum DottedFields {
  /// Flattens an object.
  ///
  /// - Parameter json: As `JSONSerialization` gives it.
  /// - Returns: A text for each value; a list of plain values is one text, joined by commas, and
  ///   objects in a list are told by their index.
  package static func of(_ json: Any) -> [String: String] {
    var fields: [String: String] = [:]
    add(json, name: "", into: &fields)
    return fields
  }

  private static func add(_ value: Any, name: String, into fields: inout [String: String]) {
    func inner(_ key: String) -> String { name.isEmpty ? key : "\(name).\(key)" }
    if let object = value as? [String: Any] {
      for (key, value) in object { add(value, name: inner(key), into: &fields) }
    } else if let list = value as? [Any],
      list.contains(where: { $0 is [String: Any] || $0 is [Any] })
    {
      for (index, value) in list.enumerated() { add(value, name: inner("\(index)"), into: &fields) }
    } else if let list = value as? [Any] {
      fields[name] = list.map { "\($0)" }.joined(separator: ",")
    } else {
      fields[name] = "\(value)"
    }
  }
}
