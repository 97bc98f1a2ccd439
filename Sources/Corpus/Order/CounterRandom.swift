/// Counter-based random numbers: every draw is a function of its key alone, so it is the same on
/// every machine, in every order of calls, on any number of threads.
///
/// The mixing function is the output step of SplitMix64 (Steele, Lea, Flood 2014), written out here
/// because the cached masks depend on its exact bits.
package enum CounterRandom {
  /// Mixes 64 bits so that each input bit changes each output bit with probability one half.
  @inlinable
  package static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Folds a further word into a key.
  @inlinable
  package static func combine(_ key: UInt64, _ word: UInt64) -> UInt64 {
    mix(key ^ mix(word))
  }

  /// A stable 64-bit hash of token IDs and of their number.
  ///
  ///     h = mix(domain ^ count);  for each id: h = mix(h ^ id)
  ///
  /// - Parameters:
  ///   - ids: Token IDs, each taken as an unsigned 32-bit word.
  ///   - domain: A constant that keeps hashes of different purpose apart.
  /// - Returns: the hash.
  @inlinable
  package static func hash(_ ids: some Collection<Int32>, domain: UInt64) -> UInt64 {
    var h = mix(domain ^ UInt64(ids.count))
    for id in ids {
      h = mix(h ^ UInt64(UInt32(bitPattern: id)))
    }
    return h
  }

  /// A number in [0, 1) of 53 bits.
  @inlinable
  package static func unit(_ word: UInt64) -> Double {
    Double(word >> 11) * 0x1p-53
  }

  /// A number strictly between 0 and 1, of 52 bits and a half.
  @inlinable
  package static func openUnit(_ word: UInt64) -> Double {
    (Double(word >> 12) + 0.5) * 0x1p-52
  }

  /// A whole number in `0 ..< bound`; the bias is at most `bound` in 2^64.
  @inlinable
  package static func below(_ bound: Int, _ word: UInt64) -> Int {
    Int(word.multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// Puts the elements into an order that depends on the key alone (Fisher and Yates).
  @inlinable
  package static func shuffle<T>(_ elements: inout [T], key: UInt64) {
    var index = elements.count - 1
    while index > 0 {
      elements.swapAt(index, below(index + 1, combine(key, UInt64(index))))
      index -= 1
    }
  }
}
