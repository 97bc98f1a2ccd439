/// A chunk of a text, as ``ChunkFinder`` finds it.
struct FoundChunk: BitwiseCopyable {
  /// Its key, or its length under ``noKey``.
  var key: ChunkCache.Key
  /// Where the cache would keep it.
  var bucket: UnsafeMutableRawPointer
  /// Its first byte.
  var start: UnsafeRawPointer

  /// In the upper half of a key: the chunk is too long to have one.
  static let noKey = UInt64.max

  /// Its length in bytes.
  @inline(__always)
  var count: Int { key.high == Self.noKey ? Int(key.low) : key.count }
}

/// Finds the chunks of a text, some hundred at a time, and their places in a cache.
///
/// Owns the memory of a batch; one caller at a time.
struct ChunkFinder: ~Copyable {
  /// The batch, as many chunks as were found last.
  let found: UnsafeMutablePointer<FoundChunk>
  /// Keeps the touching of the cache from being taken out as useless.
  private var touched: UInt64 = 0

  /// Chunks of a batch: their buckets fill a third of the first-level cache.
  private static let batch = 256
  /// Bytes behind a block of the search that the last key in it may read.
  private static let keyBytes = 16

  /// For each length of a chunk with a key the bits that are its own: a table is read faster than
  /// the bits are shifted.
  private let masks: UnsafeMutablePointer<ChunkCache.Key>

  init() {
    found = .allocate(capacity: Self.batch)
    masks = .allocate(capacity: ChunkCache.maxKeyBytes + 1)
    for count in 0...ChunkCache.maxKeyBytes {
      (masks + count).initialize(to: ChunkCache.Key.mask(count: count))
    }
  }

  deinit {
    found.deallocate()
    masks.deallocate()
  }

  /// Finds chunks, each with the boundary behind it.
  ///
  /// - Parameters:
  ///   - first: Where to begin; the start of a chunk.
  ///   - end: No byte from here on is read.
  ///   - cache: The cache that the places are in.
  /// - Returns: How many there are, and the place behind them. Chunks near the end are not found.
  mutating func find(
    _ first: UnsafeRawPointer, end: UnsafeRawPointer, in cache: borrowing ChunkCache
  ) -> (count: Int, place: UnsafeRawPointer) {
    let lastBlock = end - ChunkBoundary.blockBytes - Self.keyBytes
    var block = first
    var start = first
    var next = found
    let full = found + Self.batch
    while block <= lastBlock, next < full {
      var hits = ChunkBoundary.lowBytes(ofBlock: block)
      while hits != 0, next < full {
        let boundary = block + hits.trailingZeroBitCount
        hits &= hits &- 1
        // Another control character is a part of its chunk.
        guard ChunkBoundary.contains(boundary.load(as: UInt8.self)) else { continue }
        let count = boundary - start
        if UInt(bitPattern: count &- 1) < UInt(ChunkCache.maxKeyBytes) {
          let key = ChunkCache.Key(start, count: count, mask: masks[count])
          next.pointee = FoundChunk(key: key, bucket: cache.bucket(of: key), start: start)
          next += 1
        } else if count > 0 {
          let key = ChunkCache.Key(low: UInt64(count), high: FoundChunk.noKey)
          next.pointee = FoundChunk(key: key, bucket: cache.bucket(of: key), start: start)
          next += 1
        }
        start = boundary + 1
      }
      block += ChunkBoundary.blockBytes
    }
    touch(next - found)
    return (next - found, start)
  }

  /// Reads from every bucket: few instructions, so that the processor waits for all at once.
  private mutating func touch(_ count: Int) {
    var sum: UInt64 = 0
    for index in 0..<count { sum ^= found[index].bucket.load(as: UInt64.self) }
    touched = sum
  }

  /// A copy of a text's end with a boundary behind it, and room so that all its chunks are found.
  ///
  /// - Parameters:
  ///   - rest: The end of the text.
  ///   - body: Receives the copy's first byte and the end of what may be read.
  static func withRoom(
    after rest: UnsafeRawBufferPointer,
    _ body: (_ first: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Void
  ) {
    let room = rest.count + ChunkBoundary.blockBytes + keyBytes
    withUnsafeTemporaryAllocation(byteCount: room, alignment: 8) { copy in
      copy.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: " "))
      copy.copyMemory(from: rest)
      if let first = UnsafeRawPointer(copy.baseAddress) { body(first, first + room) }
    }
  }
}
