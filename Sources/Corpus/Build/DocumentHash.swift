import Crypto

/// The first 128 bits of the SHA-256 of a document's text.
///
/// Two of a billion different documents have the same one with a probability of 1.5e-21.
struct DocumentHash: Hashable, Sendable {
  /// The first eight bytes, the first one highest.
  let high: UInt64
  /// The next eight.
  let low: UInt64

  /// Takes the hash of text that was added piece by piece.
  init(_ hasher: SHA256) {
    var words: (UInt64, UInt64) = (0, 0)
    for (index, byte) in hasher.finalize().prefix(16).enumerated() {
      if index < 8 {
        words.0 = words.0 << 8 | UInt64(byte)
      } else {
        words.1 = words.1 << 8 | UInt64(byte)
      }
    }
    (high, low) = words
  }

  /// A hash that was kept.
  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A number in [0, 1), uniform over documents; the held-out ones are those below the share.
  var unit: Double { Double(high >> 11) * 0x1p-53 }
}
