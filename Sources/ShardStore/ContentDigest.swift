package import Foundation
import Crypto

/// SHA-256 over a list of fields, each with its length, so that no two lists hash alike.
package struct ContentDigest {
  private var hash = SHA256()

  /// Starts a digest; `domain` keeps digests of different things apart.
  package init(domain: String) {
    update(domain)
  }

  /// Adds a number as 8 bytes, least significant first.
  package mutating func update(_ number: Int) {
    withUnsafeBytes(of: Int64(number).littleEndian) { hash.update(bufferPointer: $0) }
  }

  /// Adds the text's length in bytes and its UTF-8.
  package mutating func update(_ text: String) {
    update(Array(text.utf8))
  }

  /// Adds the number of bytes and the bytes.
  package mutating func update(_ bytes: [UInt8]) {
    update(bytes.count)
    bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
  }

  /// The digest of what was added so far: 64 hexadecimal digits.
  package func finalize() -> String {
    let copy = hash
    return Hexadecimal.text(copy.finalize())
  }

  /// The plain SHA-256 of bytes: 64 hexadecimal digits.
  package static func bytes(_ bytes: [UInt8]) -> String {
    Hexadecimal.text(SHA256.hash(data: bytes))
  }

  /// The SHA-256 of a file's bytes: 64 hexadecimal digits.
  ///
  /// - Throws: `ShardStoreError.notFound` or `.unreadable`.
  package static func file(_ url: URL) throws -> String {
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw ShardStoreError.notFound(file: url.path)
    }
    do {
      let handle = try FileHandle(forReadingFrom: url)
      defer { try? handle.close() }
      var hash = SHA256()
      while let chunk = try handle.read(upToCount: 4 << 20), !chunk.isEmpty {
        hash.update(data: chunk)
      }
      return Hexadecimal.text(hash.finalize())
    } catch {
      throw ShardStoreError.unreadable(file: url.path, reason: error.localizedDescription)
    }
  }
}

/// Bytes as hexadecimal text.
package enum Hexadecimal {
  /// Two lower-case digits a byte.
  package static func text(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}
