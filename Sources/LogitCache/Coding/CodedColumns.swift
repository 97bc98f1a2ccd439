import Kernels
import ShardStore

/// Columns of unsigned values, each with a prefix code of its own.
///
/// The stream is the size in bytes of each column, as u32, and then the columns one after the other.
/// So a reader takes the first columns alone, which is how a smaller head or rank is read.
enum CodedColumns {
  /// The stream of some columns.
  ///
  /// - Precondition: One code a column; each value is below `PrefixCode.limit`.
  static func encode(_ columns: [[UInt32]], codes: some Collection<PrefixCode>) -> [UInt8] {
    precondition(columns.count == codes.count, "\(columns.count) columns, \(codes.count) codes")
    let packed = zip(columns, codes).map { column, code in
      column.withUnsafeBufferPointer(code.encode)
    }
    return LittleEndian.bytes(packed.map { UInt32($0.count) }) + packed.joined()
  }

  /// The stream of the first columns of a stream, nil where that is damaged.
  ///
  /// - Precondition: `kept` is at most `columns`.
  static func prefix(_ bytes: [UInt8], of columns: Int, keeping kept: Int) -> [UInt8]? {
    guard let ranges = split(bytes, columns: columns)?.prefix(kept) else { return nil }
    return LittleEndian.bytes(ranges.map { UInt32($0.count) }) + ranges.flatMap { bytes[$0] }
  }

  /// The bytes of the first columns, or nil where the sizes do not add up to the stream's.
  static func split(_ bytes: [UInt8], columns: Int) -> [Range<Int>]? {
    guard bytes.count >= 4 * columns,
      let sizes = LittleEndian.values(Array(bytes[..<(4 * columns)]), as: UInt32.self)
    else { return nil }
    var place = 4 * columns
    var ranges: [Range<Int>] = []
    ranges.reserveCapacity(columns)
    for size in sizes {
      guard Int(size) <= bytes.count - place else { return nil }
      ranges.append(place..<place + Int(size))
      place += Int(size)
    }
    return place == bytes.count ? ranges : nil
  }
}

/// Signed numbers as unsigned ones, small magnitudes first: 0, -1, 1, -2, 2 …
enum ZigZag {
  static func encode(_ value: Int32) -> UInt32 { UInt32(bitPattern: value << 1 ^ value >> 31) }

  static func decode(_ value: UInt32) -> Int32 {
    Int32(bitPattern: value >> 1) ^ -Int32(bitPattern: value & 1)
  }
}
