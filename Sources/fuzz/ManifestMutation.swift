import Foundation
import LogitCache

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
    place.file = "manifest.json"
    let text = String(decoding: place.base.files["manifest.json"] ?? [], as: UTF8.self)
    try place.write(place.file, Array(change(text, &place).utf8))
    // A field may be compared with what another file says.
    place.isAlone = false
  }

  /// A value of the specification, with fingerprint, keys and digests that follow from it where it
  /// is one of the kind.
  static func specification(_ place: inout MutationPlace) throws {
    place.isAlone = false
    var content = place.base.content
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    var text = String(
      decoding: try encoder.encode(content.manifest.specification), as: UTF8.self)
    for _ in 0...place.choice(2) { text = change(text, &place) }
    guard
      let changed = try? JSONDecoder().decode(CacheSpecification.self, from: Data(text.utf8))
    else { return try field(&place) }
    content.manifest.specification = changed
    content.manifest.fingerprint = changed.fingerprint()
    // What is no specification has no keys.
    guard (try? changed.validate()) != nil else { return try place.write(content.manifest) }
    if place.once(in: 3), changed.shardCount < 5000 {
      // Lists that agree with it, of files that are not there.
      var manifest = content.manifest
      if let first = manifest.shards.first {
        manifest.shards = (0..<changed.shardCount).map { index in
          var shard = first
          let corpusShards = changed.blocksPerShard.count
          let digits = "\(index)"
          shard.name = "shard-" + String(repeating: "0", count: 5 - digits.count) + digits
          shard.replica = index / corpusShards
          shard.blocks = changed.blocksPerShard[index % corpusShards]
          shard.firstBlock = changed.blocksPerShard[..<(index % corpusShards)].reduce(0, +)
          return shard
        }
        content.manifest = manifest
      }
    }
    if place.once(in: 3) { content.manifest.complete.toggle() }
    try content.write(to: place.folder)
  }

  /// The text with another value in one of its places.
  private static func change(_ text: String, _ place: inout MutationPlace) -> String {
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
