/// Token IDs of text, chunk by chunk between spaces, through caches of chunks.
///
/// What comes between two boundaries is tokenized without a look at its neighbours, so its IDs can
/// be kept. Most chunks of a text have come up before. The text is gone through some hundred chunks
/// at a time: first their keys are made, then the places in the cache touched, then the IDs
/// fetched, so that the memory's latency is waited for once and not for each.
///
/// Owns its memory; one caller at a time.
struct ChunkIDs: ~Copyable {
  /// IDs of the text so far; the caller takes them and sets the count to 0.
  var ids = OutputBuffer<Int32>(capacity: 8192)
  private var chunks: ChunkEncoder
  private var finder = ChunkFinder()
  private var cache: ChunkCache
  private var longCache = LongChunkCache(slotCount: 1 << 15, maxNumbers: maxLongIDs)

  /// A chunk has no more IDs than bytes, or one.
  private static let maxLongIDs = LongChunkCache.keyBytes.upperBound

  init(_ tokenizer: WordPieceTokenizer, recognizesSpecialTokens: Bool) {
    chunks = ChunkEncoder(tokenizer, recognizesSpecialTokens: recognizesSpecialTokens)
    cache = ChunkCache(
      slotCount: 1 << 17, limit: 1 << 20, isNarrow: tokenizer.vocabularySize <= 1 << 16)
  }

  /// Appends the IDs of a text from a place on, until its end or until there are `limit` IDs.
  ///
  /// - Returns: The place up to which the text is done.
  mutating func append(
    _ text: UnsafeRawBufferPointer, from start: Int, limit: Int
  ) -> Int {
    guard let base = UnsafeRawPointer(text.baseAddress) else { return start }
    let end = base + text.count
    var place = base + start
    while ids.count < limit {
      let next = appendBatch(place, end: end)
      guard next > place else { break }
      place = next
    }
    guard place < end, ids.count < limit else { return place - base }
    let rest = UnsafeRawBufferPointer(start: place, count: end - place)
    ChunkFinder.withRoom(after: rest) { first, readableEnd in
      var place = first
      while place < first + rest.count { place = appendBatch(place, end: readableEnd) }
    }
    return text.count
  }

  /// Appends the IDs of a batch of chunks.
  ///
  /// - Returns: The place behind them; where that is `place`, no chunk was found.
  @inline(__always)
  private mutating func appendBatch(
    _ place: UnsafeRawPointer, end: UnsafeRawPointer
  ) -> UnsafeRawPointer {
    cache.growIfFull()
    let (count, next) = finder.find(place, end: end, in: cache)
    appendFound(count)
    return next
  }

  private mutating func appendFound(_ count: Int) {
    ids.reserve(count &* ChunkCache.maxIDs)
    var output = ids.base + ids.count
    var chunk = finder.found
    let isNarrow = cache.isNarrow
    let inlineIDs = UInt(ChunkCache.inlineIDs(isNarrow: isNarrow))
    let end = chunk + count
    while chunk < end {
      var known = ChunkCache.find(
        chunk.pointee.key, in: chunk.pointee.bucket, isNarrow: isNarrow, into: output)
      if UInt(bitPattern: known) > inlineIDs {
        if known > 0 {
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
  private mutating func appendUnknown(_ chunk: FoundChunk) {
    guard chunk.key.high != FoundChunk.noKey else {
      ids.reserve(Self.maxLongIDs)
      return appendLong(chunk.start, count: chunk.count)
    }
    let first = ids.count
    chunks.append(UnsafeRawBufferPointer(start: chunk.start, count: chunk.count), to: &ids)
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
      chunk, count: count, hash: hash, ids.base + first, numberCount: ids.count - first)
  }
}
