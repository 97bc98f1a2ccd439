import Foundation
import ShardStore

/// Other fields of the manifest.
enum ManifestMutation {
  private static let values: [String] = [
    "0", "-1", "1", "2", "3", "64", "4096", "65536", "16777216", "2147483648",
    "4611686018427387904", "9223372036854775807", "-9223372036854775808",
    "18446744073709551615", "1e300", "1e999", "-0.5", "0.5", "1e-300", "true", "null", "\"\"",
    "\"masked\"", "\"lowrank\"", "\"hidden\"", "\"sampled\"", "\"all\"", "\"fp16\"", "\"shared\"",
    "[]", "{}", "[1000000, 1000000]", "[0]", "[9223372036854775807, 9223372036854775807]",
  ]

  /// A value of the JSON text, the rest as it was.
  static func field(_ place: inout MutationPlace) throws {
    let text = String(decoding: place.base.files[file] ?? [], as: UTF8.self)
    try write(change(text, &place), &place)
  }

  /// Some values of a corpus's manifest, whose digest of its own text is mended, or gone.
  static func sealed(_ place: inout MutationPlace) throws {
    var lines = String(decoding: place.base.files[file] ?? [], as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let start = "  \"manifestDigest\" : "
    let seal = lines.firstIndex { $0.hasPrefix(start) }
    if let seal { lines.remove(at: seal) }
    var text = lines.joined(separator: "\n")
    for _ in 0...place.choice(2) { text = change(text, &place) }
    if let seal, place.once(in: 2) {
      let digest = ContentDigest.bytes(Array(text.utf8))
      lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      lines.insert("\(start)\"\(digest)\",", at: min(seal, 1))
      text = lines.joined(separator: "\n")
    }
    try write(text, &place)
  }

  private static let file = "manifest.json"

  private static func write(_ text: String, _ place: inout MutationPlace) throws {
    place.file = file
    try place.write(file, Array(text.utf8))
    // A field may be compared with what another file says.
    place.isAlone = false
  }

  /// The text with another value in one of its places.
  static func change(_ text: String, _ place: inout MutationPlace) -> String {
    let deep = String(repeating: "[", count: 3000) + String(repeating: "]", count: 3000)
    let nested =
      String(repeating: "{\"a\":", count: 400) + "1" + String(repeating: "}", count: 400)
    let all = values + [deep, nested, "\"" + String(repeating: "x", count: 50_000) + "\""]
    let value = all[place.choice(all.count)]
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let places = lines.indices.filter { lines[$0].contains(" : ") || lines[$0].contains("\" : ") }
    let index = places[place.choice(places.count)]
    var changed = lines.map(String.init)
    guard let colon = changed[index].range(of: " : ") else { return text }
    // A list or an object begins in its line: its own lines stay, one level up, as broken JSON.
    let key = changed[index][..<colon.upperBound]
    let rest = changed[index][colon.upperBound...]
    place.what += "\(key.trimmingCharacters(in: .whitespaces)) \(value.prefix(40)) "
    if rest.hasSuffix("[") || rest.hasSuffix("{") {
      guard let end = closing(changed, from: index) else { return text }
      let comma = changed[end].hasSuffix(",") ? "," : ""
      changed.replaceSubrange(index...end, with: [key + value + comma])
    } else {
      changed[index] = key + value + (rest.hasSuffix(",") ? "," : "")
    }
    return changed.joined(separator: "\n")
  }

  /// The line that ends what begins in a line, by its indentation.
  private static func closing(_ lines: [String], from index: Int) -> Int? {
    let indentation = lines[index].prefix { $0 == " " }.count
    return lines.indices.dropFirst(index + 1).first {
      lines[$0].prefix { $0 == " " }.count == indentation
    }
  }
}
