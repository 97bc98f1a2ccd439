import Foundation

/// The distinct words of a text with their counts, sorted by their bytes.
///
/// The same for the same text, however it was split among counters. Immutable.
public struct WordCounts: Sendable {
  /// Bytes times weight of what one count may come from.
  static let maxVolume: UInt64 = 1 << 58

  /// All words as UTF-8, one after another.
  let bytes: [UInt8]
  /// Where each word begins, and at last where the last one ends.
  let starts: [Int]
  /// How often each word occurs, at least once.
  let counts: [UInt64]

  /// Distinct words.
  public var distinctWords: Int { counts.count }
  /// Words in all.
  public let totalWords: UInt64

  /// The words of several counters together.
  ///
  /// - Parameter counters: Counters with the same normalizer's flags.
  /// - Precondition: Together they saw less than 2^58 bytes, weights included.
  public init(merging counters: [WordCounter]) {
    precondition(
      counters.reduce(0) { $0 + min($1.volume, Self.maxVolume) } < Self.maxVolume,
      "2^58 bytes of text or more")
    var table = ByteStringTable()
    var counts: [UInt64] = []
    for counter in counters {
      counter.forEachWord { word, count in
        let index = table.insert(word)
        if index < counts.count { counts[index] += count } else { counts.append(count) }
      }
    }
    (bytes, starts, self.counts) = Self.sorted(table, counts)
    totalWords = counts.reduce(0, +)
  }

  /// The words with their counts, in order of their bytes.
  public var words: [(word: String, count: UInt64)] {
    counts.indices.map { index in
      (String(decoding: bytes[starts[index]..<starts[index + 1]], as: UTF8.self), counts[index])
    }
  }

  private static func sorted(
    _ table: borrowing ByteStringTable, _ counts: [UInt64]
  ) -> ([UInt8], [Int], [UInt64]) {
    // Most comparisons end in the first eight bytes.
    var order = counts.indices.map { index in
      (prefix: table.withBytes(at: index, prefix), index: Int32(index))
    }
    table.bytes.withUnsafeBytes { bytes in
      table.starts.withUnsafeBufferPointer { starts in
        order.sort { left, right in
          left.prefix != right.prefix
            ? left.prefix < right.prefix
            : precedes(bytes, starts, Int(left.index), Int(right.index))
        }
      }
    }
    var sortedBytes: [UInt8] = []
    sortedBytes.reserveCapacity(table.bytes.count)
    var starts = [0]
    starts.reserveCapacity(counts.count + 1)
    for entry in order {
      table.withBytes(at: Int(entry.index)) { sortedBytes.append(contentsOf: $0) }
      starts.append(sortedBytes.count)
    }
    return (sortedBytes, starts, order.map { counts[Int($0.index)] })
  }

  /// The first eight bytes as a number that sorts as they do.
  private static func prefix(_ word: UnsafeRawBufferPointer) -> UInt64 {
    var prefix: UInt64 = 0
    for byte in word.prefix(8) { prefix = prefix << 8 | UInt64(byte) }
    return prefix << UInt64(8 * max(0, 8 - word.count))
  }

  private static func precedes(
    _ bytes: UnsafeRawBufferPointer, _ starts: UnsafeBufferPointer<Int>, _ left: Int, _ right: Int
  ) -> Bool {
    let (leftCount, rightCount) = (
      starts[left + 1] - starts[left], starts[right + 1] - starts[right]
    )
    guard let base = bytes.baseAddress else { return false }
    let order = memcmp(base + starts[left], base + starts[right], min(leftCount, rightCount))
    return order != 0 ? order < 0 : leftCount < rightCount
  }
}
