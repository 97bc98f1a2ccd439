import Foundation

/// A small deterministic generator for initial weights (Steele, Lea and Flood 2014).
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  /// Starts from a seed.
  package init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A draw from the standard normal distribution (Box and Muller).
  package mutating func nextNormal() -> Double {
    let uniform = (Double(next() >> 11) + 1) * 0x1p-53  // in (0, 1]
    let angle = Double(next() >> 11) * 0x1p-53 * 2 * .pi
    return (-2 * log(uniform)).squareRoot() * cos(angle)
  }
}
