import Console
import Foundation

/// The lines of `--json`: one object for each thing that happens, with its kind as `event`.
struct JSONLines {
  /// Whether lines are written at all.
  let isOn: Bool

  /// Writes a line of the fields of a value, in snake case, and more.
  func write(_ event: String, _ value: (any Encodable)? = nil, _ more: [String: Any] = [:]) {
    guard isOn else { return }
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    var fields = more
    if let value, let data = try? encoder.encode(value),
      let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    {
      fields.merge(object) { mine, _ in mine }
    }
    fields["event"] = event
    let data = try? JSONSerialization.data(
      withJSONObject: fields, options: [.sortedKeys, .withoutEscapingSlashes])
    if let data { Terminal.output(String(decoding: data, as: UTF8.self)) }
  }
}
