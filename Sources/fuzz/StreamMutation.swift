import Foundation

/// Other decoded bytes under right checksums, digests and keys.
enum StreamMutation {
  static func block(_ place: inout MutationPlace) throws {
    try rewrite(&place) { change(&$0, &$1, ofTables: false) }
  }

  static func table(_ place: inout MutationPlace) throws {
    try rewrite(&place) { change(&$0, &$1, ofTables: true) }
  }

  static func several(_ place: inout MutationPlace) throws {
    try rewrite(&place) { content, place in
      for _ in 0..<2 + place.choice(3) { change(&content, &place, ofTables: place.once(in: 2)) }
    }
  }

  private static func rewrite(
    _ place: inout MutationPlace,
    _ change: (inout any FolderContent, inout MutationPlace) -> Void
  ) throws {
    var content = place.base.content
    place.isAlone = false
    change(&content, &place)
    try content.write(to: place.folder)
  }

  private static func change(
    _ content: inout any FolderContent, _ place: inout MutationPlace, ofTables: Bool
  ) {
    let names = content.shards.keys.filter { ofTables != $0.hasPrefix("shard-") }.sorted()
    // A corpus has no tables, and the lengths are asked for less than the tables.
    guard var name = names.last else { return }
    if !ofTables { name = names[place.choice(names.count)] }
    if ofTables, names.count > 1, place.once(in: 4) { name = names[0] }
    guard var shard = content.shards[name] else { return }
    place.what += "\(name) "
    change(&shard, &place)
    content.shards[name] = shard
  }

  private static func change(_ shard: inout ShardContent, _ place: inout MutationPlace) {
    guard !shard.streams.isEmpty else { return }
    let index = place.choice(shard.streams.count)
    let stream = shard.streams[index]
    let kind = place.choice(12)
    place.what += "block \(stream.block) \(stream.name) kind \(kind); "
    if kind == 0 {
      shard.streams.remove(at: index)
    } else if kind == 1 {
      // The content of another stream under its name.
      shard.streams[index].bytes = shard.streams[place.choice(shard.streams.count)].bytes
    } else if kind == 2, stream.block >= 0 {
      // A block that declares many sequences or rows.
      let count = 2 * (1 + place.choice(100_000))
      shard.streams[index].bytes = [UInt8](repeating: place.byte(), count: count)
    } else {
      change(&shard.streams[index].bytes, &place, kind: kind)
    }
  }

  private static func change(
    _ bytes: inout [UInt8], _ place: inout MutationPlace, kind: Int
  ) {
    switch kind {
    case 3: bytes = []
    case 4: bytes.removeLast(min(1 + place.choice(bytes.count), bytes.count))
    case 5: bytes += place.bytes(1 + place.choice(300))
    case 6 where !bytes.isEmpty:
      let start = place.choice(bytes.count)
      let count = min(1 + place.choice(40), bytes.count - start)
      bytes.replaceSubrange(start..<start + count, with: place.bytes(count))
    case 7, 8:
      // A float that no writer writes.
      let floats: [Float] = [
        .nan, .infinity, -.infinity, -1, 0, -0.0, .greatestFiniteMagnitude, 1e30, -1e30,
        .leastNonzeroMagnitude, 1e9, 1e20,
      ]
      let value = floats[place.choice(floats.count)].bitPattern
      for _ in 0...place.choice(4) { put(value, 4, into: &bytes, &place) }
    case 9:
      let numbers: [UInt32] = [0, 1, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF, 0x1_0000]
      put(numbers[place.choice(numbers.count)], 4, into: &bytes, &place)
    case 10:
      let numbers: [UInt32] = [0, 1, 0xFFFF, 0x7FFF, 0x8000, 0x7C00]
      put(numbers[place.choice(numbers.count)], 2, into: &bytes, &place)
    default:
      for _ in 0...place.choice(3) where !bytes.isEmpty {
        bytes[place.choice(bytes.count)] = place.byte()
      }
    }
  }

  /// Puts a number at a multiple of its width.
  private static func put(
    _ value: UInt32, _ width: Int, into bytes: inout [UInt8], _ place: inout MutationPlace
  ) {
    guard bytes.count >= width else { return }
    let start = place.choice(bytes.count / width) * width
    for index in 0..<width {
      bytes[start + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
    }
  }
}
