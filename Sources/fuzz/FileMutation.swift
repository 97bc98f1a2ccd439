import Foundation

/// Damage to the bytes of one file; its checksums are as they were.
enum FileMutation {
  private static let pageBytes = 1024

  static func bit(_ place: inout MutationPlace) throws {
    var bytes = place.chooseFile()
    let index = place.choice(bytes.count)
    let bit = place.choice(8)
    bytes[index] ^= 1 << UInt8(bit)
    place.what += "bit \(bit) of byte \(index)"
    try place.write(place.file, bytes)
  }

  static func byte(_ place: inout MutationPlace) throws {
    var bytes = place.chooseFile()
    let index = place.choice(bytes.count)
    bytes[index] = place.byte()
    place.what += "byte \(index) = \(bytes[index])"
    try place.write(place.file, bytes)
  }

  /// The first bytes of a page tell its kind and its cells: SQLite's own structure.
  static func pageHeader(_ place: inout MutationPlace) throws {
    var bytes = place.chooseFile(shardsOnly: true)
    for _ in 0...place.choice(3) {
      let page = place.choice(bytes.count / pageBytes)
      let index = page * pageBytes + place.choice(page == 0 ? 140 : 40)
      bytes[index] = place.byte()
      place.what += "byte \(index) = \(bytes[index]) "
    }
    try place.write(place.file, bytes)
  }

  static func run(_ place: inout MutationPlace) throws {
    var bytes = place.chooseFile()
    let start = place.choice(bytes.count)
    let count = min(1 + place.choice(place.once(in: 4) ? 4000 : 64), bytes.count - start)
    bytes.replaceSubrange(start..<start + count, with: place.bytes(count))
    place.what += "\(count) bytes from \(start)"
    try place.write(place.file, bytes)
  }

  /// Cuts or lengthens; half the time header and manifest agree with it.
  static func length(_ place: inout MutationPlace) throws {
    var bytes = place.chooseFile()
    let isWhole = place.once(in: 2)
    var count = place.choice(2 * bytes.count)
    if isWhole { count = count / pageBytes * pageBytes }
    if count < bytes.count {
      bytes.removeSubrange(count...)
    } else {
      bytes += place.bytes(count - bytes.count)
    }
    place.what += "\(count) bytes"
    if isWhole, place.file != "manifest.json", bytes.count >= 100 {
      place.what += ", header and manifest agree"
      let pages = UInt32(bytes.count / pageBytes)
      for index in 0..<4 {
        bytes[28 + index] = UInt8(truncatingIfNeeded: pages >> UInt32(24 - 8 * index))
      }
      try place.writeManifest(bytes: bytes.count)
    }
    try place.write(place.file, bytes)
  }

  /// Exchanges, repeats or empties whole pages.
  static func pages(_ place: inout MutationPlace) throws {
    var bytes = place.chooseFile(shardsOnly: true)
    let count = bytes.count / pageBytes
    let (first, second) = (place.choice(count), place.choice(count))
    let range = { (page: Int) in page * pageBytes..<(page + 1) * pageBytes }
    let (one, other) = (Array(bytes[range(first)]), Array(bytes[range(second)]))
    bytes.replaceSubrange(range(first), with: other)
    if place.once(in: 2) { bytes.replaceSubrange(range(second), with: one) }
    if place.once(in: 4) { bytes.replaceSubrange(range(second), with: place.bytes(pageBytes)) }
    place.what += "pages \(first) and \(second)"
    try place.write(place.file, bytes)
  }

  /// Puts a piece of another file into it.
  static func splice(_ place: inout MutationPlace) throws {
    let other = place.chooseFile()
    var bytes = place.chooseFile()
    let isAligned = place.once(in: 2)
    let unit = isAligned ? pageBytes : 1
    let start = place.choice(min(bytes.count, other.count) / unit) * unit
    let count = min(
      (1 + place.choice(4 * pageBytes / unit)) * unit, bytes.count - start, other.count - start)
    bytes.replaceSubrange(start..<start + count, with: other[start..<start + count])
    place.what += "\(count) bytes at \(start)"
    try place.write(place.file, bytes)
  }

  /// Another file under its name, none, or something that is no file.
  static func exchange(_ place: inout MutationPlace) throws {
    let other = place.chooseFile()
    _ = place.chooseFile()
    let url = place.url(place.file)
    let kind = place.choice(6)
    place.what += "kind \(kind)"
    switch kind {
    case 0: place.removed.insert(place.file)
    case 1: try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    case 2: mkfifo(url.path, 0o600)
    case 3:
      try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: "/dev/zero")
    case 4: try place.write(place.file, [])
    default: try place.write(place.file, other)
    }
    // Without lengths an incomplete cache cannot be read, which is said of the folder.
    place.isAlone = kind != 0 || place.base.name != "incomplete"
  }

  /// A journal or write-ahead log that does not belong there.
  static func log(_ place: inout MutationPlace) throws {
    let bytes = place.chooseFile(shardsOnly: true)
    let suffix = ["-journal", "-wal", "-shm"][place.choice(3)]
    let magic: [UInt8] =
      suffix == "-wal"
      ? [0x37, 0x7f, 0x06, UInt8(0x82 + place.choice(2)), 0, 0x2d, 0xe2, 0x18, 0, 0, 4, 0]
      : [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0, 0, 1]
    let rest = place.once(in: 2) ? place.bytes(3000) : Array(bytes.prefix(4000))
    place.what += suffix
    try place.write(place.file + suffix, magic + rest)
  }
}
