import ShardStore
import TestSupport
import Testing

struct StreamDigestTests {
  /// The lengths about which the padding takes another block, and streams of unequal length.
  @Test(arguments: [2, 3, 5]) func digestsOfManyAreThoseOfEach(count: Int) {
    var generator = SeededGenerator(seed: UInt64(count))
    for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000] {
      let streams = (0..<count).map { index in
        (0..<(length + index * 77)).map { _ in UInt8.random(in: 0...255, using: &generator) }
      }
      let expected = streams.map(ContentDigest.bytes)
      #expect(StreamDigests.of(streams).map(Hexadecimal.text) == expected)
      // nil where the processor has no such instructions.
      if let digests = StreamDigests.sideBySide(streams) {
        #expect(digests.map(Hexadecimal.text) == expected)
      }
    }
  }
}
