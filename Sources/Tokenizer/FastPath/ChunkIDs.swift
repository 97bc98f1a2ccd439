/// Token IDs of text, chunk by chunk between spaces, through caches of chunks.
///
/// What comes between two boundaries is tokenized without a look at its neighbours, so its IDs can
/// be kept. Most chunks of a text have come up before. The text is gone through some hundred chunks
/// at a time: first their keys are made, then the places in the caches touched, then the IDs fetched,
/// so that the memory's latency is waited for once and not for each.
///
/// Owns its memory; one caller at a time.
struct ChunkIDs: ~Copyable {
  /// IDs of the text so far; the caller takes them and sets the count to 0.
  var ids = IDBuffer(capacity: 8192)
  private var chunks: ChunkEncoder
  private var cache = ChunkCache(slotCount: 1 << 13, limit: 1 << 19)
  private var longCache = LongChunkCache(slotCount: 1 << 15)
  private let found: UnsafeMutablePointer<Found>
  /// Keeps the touching of the caches from being taken out as useless.
  private var touched: UInt64 = 0

  /// A chunk of the text.
  private struct Found: BitwiseCopyable {
    /// Its key, or its length under ``noKey``.
    var key: ChunkCache.Key
    /// Where the cache would keep it.
    var bucket: UnsafeMutableRawPointer
    /// Its first byte.
    var start: UnsafeRawPointer

    static let noKey = UInt64.max
  }

  /// Chunks that are looked at together: their buckets fill a third of the first-level cache.
  private static let batch = 256
  /// Bytes behind a block of the search that the last key in it may read.
  private static let keyBytes = 16

  init(_ tokenizer: WordPieceTokenizer, recognizesSpecialTokens: Bool) {
    chunks = ChunkEncoder(tokenizer, recognizesSpecialTokens: recognizesSpecialTokens)
    found = .allocate(capacity: Self.batch)
  }

  deinit { found.deallocate() }

  /// Appends the IDs of a text from a place on, until its end or until there are `limit` IDs.
  ///
  /// - Returns: The place up to which the text is done.
  mutating func append(
    _ base: UnsafeRawPointer, from start: Int, end: Int, limit: Int
  ) -> Int {
    var place = start
    while ids.count < limit {
      let next = appendBatch(base, from: place, end: end)
      guard next > place else { break }
      place = next
    }
    guard place < end, ids.count < limit else { return place }
    // The last bytes again, with a boundary and room to read behind them.
    let rest = end - place
    let room = rest + ChunkBoundary.blockBytes + Self.keyBytes
    withUnsafeTemporaryAllocation(byteCount: room, alignment: 8) { tail in
      tail.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: " "))
      tail.copyMemory(from: UnsafeRawBufferPointer(start: base + place, count: rest))
      guard let tailBase = UnsafeRawPointer(tail.baseAddress) else { return }
      var done = 0
      while done < rest { done = appendBatch(tailBase, from: done, end: room) }
    }
    return end
  }

  /// A batch of chunks, each with the boundary behind it.
  ///
  /// - Returns: The place behind them; where that is `start`, the rest has to be read otherwise.
  @inline(__always)
  private mutating func appendBatch(
    _ base: UnsafeRawPointer, from start: Int, end: Int
  ) -> Int {
    cache.growIfFull()
    let (count, place) = findChunks(base + start, end: base + end)
    touchBuckets(count)
    appendFound(count)
    return place - base
  }

  private mutating func findChunks(
    _ first: UnsafeRawPointer, end: UnsafeRawPointer
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
          let key = ChunkCache.Key(start, count: count)
          next.pointee = Found(key: key, bucket: cache.bucket(of: key), start: start)
          next += 1
        } else if count > 0 {
          let key = ChunkCache.Key(low: UInt64(count), high: Found.noKey)
          next.pointee = Found(key: key, bucket: cache.bucket(of: key), start: start)
          next += 1
        }
        start = boundary + 1
      }
      block += ChunkBoundary.blockBytes
    }
    return (next - found, start)
  }

  /// Reads from every bucket: few instructions, so that the processor waits for all at once.
  private mutating func touchBuckets(_ count: Int) {
    var touch: UInt64 = 0
    for index in 0..<count { touch ^= found[index].bucket.load(as: UInt64.self) }
    touched = touch
  }

  private mutating func appendFound(_ count: Int) {
    ids.reserve(count &* ChunkCache.maxIDs)
    var output = ids.base + ids.count
    var chunk = found
    let end = found + count
    while chunk < end {
      var known = ChunkCache.find(chunk.pointee.key, in: chunk.pointee.bucket, into: output)
      if UInt(bitPattern: known) > 3 {
        if known > 3 {
          cache.copyIDs(in: chunk.pointee.bucket, key: chunk.pointee.key, into: output)
        } else {
          ids.count = output - ids.base
          appendUnknown(chunk.pointee)
          ids.reserve((end - chunk) &* ChunkCache.maxIDs)
          output = ids.base + ids.count
          known = 0
        }
      }
      output += known
      chunk += 1
    }
    ids.count = output - ids.base
  }

  /// Appends the IDs of a chunk that is not in the cache.
  @inline(never)
  private mutating func appendUnknown(_ chunk: Found) {
    guard chunk.key.high != Found.noKey else {
      ids.reserve(LongChunkCache.maxIDs)
      return appendLong(chunk.start, count: Int(chunk.key.low))
    }
    let first = ids.count
    chunks.append(UnsafeRawBufferPointer(start: chunk.start, count: chunk.key.count), to: &ids)
    cache.insert(chunk.key, ids.base + first, count: ids.count - first)
  }

  private mutating func appendLong(_ chunk: UnsafeRawPointer, count: Int) {
    guard LongChunkCache.keyBytes.contains(count) else {
      return chunks.append(UnsafeRawBufferPointer(start: chunk, count: count), to: &ids)
    }
    let hash = LongChunkCache.hash(chunk, count: count)
    let first = ids.count
    let known = longCache.find(chunk, count: count, hash: hash, into: ids.base + first)
    if known >= 0 {
      ids.count = first + known
      return
    }
    chunks.append(UnsafeRawBufferPointer(start: chunk, count: count), to: &ids)
    longCache.insert(
      chunk, count: count, hash: hash, ids.base + first, idCount: ids.count - first)
  }
}
