import Kernels
import ShardStore

/// Reads the streams of one block as numbers, and reports by shard, block and stream what is damaged.
struct BlockStreams {
  let shard: ShardReader
  /// The block's number in its shard.
  let block: Int
  /// Streams that were read together.
  private let fetched: [String: [UInt8]]

  init(shard: ShardReader, block: Int) { self.init(shard: shard, block: block, fetched: [:]) }

  private init(shard: ShardReader, block: Int, fetched: [String: [UInt8]]) {
    self.shard = shard
    self.block = block
    self.fetched = fetched
  }

  /// The same with some streams in memory, which takes less time than one after the other; those that
  /// are missing are reported when they are asked for.
  func fetching(_ names: [String]) throws -> BlockStreams {
    let names = names.filter(has)
    let fetched = Dictionary(
      zip(names, try shard.streams(names, block: block)), uniquingKeysWith: { first, _ in first })
    return BlockStreams(shard: shard, block: block, fetched: fetched)
  }

  /// The bytes of a stream.
  func stream(_ name: String) throws -> [UInt8] {
    try fetched[name] ?? shard.stream(name, block: block)
  }

  /// Whether the block has a stream.
  func has(_ name: String) -> Bool { shard.rawBytes(name, block: block) != nil }

  /// A stream that has to have this many bytes.
  func sized(_ name: String, bytes expected: Int) throws -> [UInt8] {
    try require(name, bytes: expected)
    return try stream(name)
  }

  /// Checks how many bytes a stream has, without reading it.
  func require(_ name: String, bytes expected: Int) throws {
    if let found = shard.rawBytes(name, block: block), found != expected {
      throw damaged(name, "size", "\(expected) bytes", "\(found)")
    }
  }

  /// Byte planes of 16-bit numbers.
  func planes(_ name: String, count: Int) throws -> [UInt16] {
    BytePlanes.join(try sized(name, bytes: 2 * count)) ?? []
  }

  /// Little-endian numbers.
  func numbers<Value: FixedWidthInteger & BitwiseCopyable>(
    _ name: String, as type: Value.Type, count: Int
  ) throws -> [Value] {
    LittleEndian.values(try sized(name, bytes: MemoryLayout<Value>.size * count)) ?? []
  }

  /// Tokens that lie as byte planes of ranks.
  func tokens(_ name: String, count: Int, order: IDOrder) throws -> [Int32] {
    let vocabSize = order.tokenOfRank.count
    let width = BytePlanes.tokenWidth(vocabularySize: vocabSize)
    let planes = try sized(name, bytes: width * count)
    guard let tokens = CodedTargets.tokens(planes: planes, width: width, of: order.tokenOfRank)
    else { throw damaged(name, "a token", "less than \(vocabSize)", "more") }
    return tokens
  }

  /// Columns of different heights, the height of each found out when it is its turn.
  func columns(
    _ name: String, of codes: [PrefixCode], height: ([[UInt32]]) throws -> Int
  ) throws -> [[UInt32]] {
    let (bytes, ranges) = try split(name, columns: codes.count)
    var columns: [[UInt32]] = []
    for (index, code) in codes.enumerated() {
      let height = try height(columns)
      // Every value takes a bit or more, so this bounds what is allocated.
      guard height <= 8 * ranges[index].count else {
        throw damaged(name, "column \(index)", "codes of \(height) values", "fewer bits")
      }
      var values = [UInt32](repeating: 0, count: height)
      let isWhole = bytes.withUnsafeBytes { bytes in
        values.withUnsafeMutableBufferPointer {
          code.decode(UnsafeRawBufferPointer(rebasing: bytes[ranges[index]]), into: $0)
        }
      }
      guard isWhole else {
        throw damaged(name, "column \(index)", "codes of \(height) values", "other bits")
      }
      columns.append(values)
    }
    return columns
  }

  /// Bytes of each coded column.
  func columnBytes(_ name: String, columns: Int) throws -> [Int] {
    try split(name, columns: columns).1.map(\.count)
  }

  private func split(_ name: String, columns: Int) throws -> ([UInt8], [Range<Int>]) {
    let bytes = try stream(name)
    guard let ranges = CodedColumns.split(bytes, columns: columns) else {
      throw damaged(name, "sizes of \(columns) columns", "\(bytes.count) bytes in all", "another")
    }
    return (bytes, ranges)
  }

  /// The first columns of coded ones, some at a time.
  ///
  /// - Parameters:
  ///   - name: The stream.
  ///   - codes: Of all its columns.
  ///   - count: Columns that are wanted.
  ///   - rows: Values of each.
  ///   - takesBytes: Receives the numbers of some columns and their values, `[columns, rows]`, where
  ///     none is above 255; without it the body gets these too.
  ///   - body: Receives the numbers of the others and their values, `[rows, columns]`.
  /// - Throws: `LogitCacheError.damagedBlock`, and what the bodies throw.
  func forEachColumns(
    _ name: String, of codes: [PrefixCode], first count: Int, rows: Int,
    takesBytes: ((Range<Int>, UnsafeBufferPointer<UInt8>) throws -> Void)? = nil,
    _ body: (Range<Int>, UnsafeMutableBufferPointer<UInt32>) throws -> Void
  ) throws {
    let (bytes, ranges) = try split(name, columns: codes.count)
    let most = min(PrefixCode.sideBySide, count)
    try bytes.withUnsafeBytes { bytes in
      let packed = ranges[..<count].map { UnsafeRawBufferPointer(rebasing: bytes[$0]) }
      try withUnsafeTemporaryAllocation(of: UInt32.self, capacity: rows * most) { values in
        try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: rows * most) { short in
          for first in stride(from: 0, to: count, by: max(most, 1)) {
            let columns = first..<min(first + most, count)
            let tile = UnsafeMutableBufferPointer(rebasing: values[..<(rows * columns.count)])
            let shortTile = UnsafeMutableBufferPointer(rebasing: short[..<(rows * columns.count)])
            if PrefixCode.decodeBytes(codes[columns], Array(packed[columns]), into: shortTile) {
              if let takesBytes {
                try takesBytes(columns, UnsafeBufferPointer(shortTile))
                continue
              }
              CodedTargets.tile(
                bytes: UnsafeBufferPointer(shortTile), columns: columns.count, into: tile)
            } else if let failed = PrefixCode.decode(
              codes[columns], Array(packed[columns]), into: tile)
            {
              throw damaged(
                name, "column \(first + failed)", "codes of \(rows) values", "other bits")
            }
            try body(columns, tile)
          }
        }
      }
    }
  }

  /// Rows of int8 with their scales.
  func int8Rows(_ name: String, _ scalesName: String, rows: Int, columns: Int) throws
    -> QuantizedRows
  {
    let values = try sized(name, bytes: rows * columns)
    let scales = try planes(scalesName, count: rows)
    guard let result = QuantizedRows(int8: values, scales: scales, columns: columns) else {
      throw damaged(scalesName, "a scale", "a positive number", "another")
    }
    return result
  }

  func damaged(
    _ stream: String, _ what: String, _ expected: String, _ found: String
  ) -> LogitCacheError {
    .damagedBlock(
      shard: shard.name, block: block, stream: stream, what: what, expected: expected, found: found)
  }
}
