/// Tokens of text with their places, chunk by chunk through a cache.
///
/// A chunk's places count from its start, so they can be kept like its IDs; a chunk of the cache is
/// short, so each place is one byte.
///
/// Owns its memory; one caller at a time.
struct ChunkSpans: ~Copyable {
  /// A token of a chunk, its places counted from the chunk's start.
  private struct Kept: BitwiseCopyable {
    var id: Int32
    var word: Int32
    /// Start, end, first byte and byte past the last, from the lowest byte on.
    var places: UInt32

    init(_ token: TokenSpan) {
      id = token.id
      word = token.wordID
      places = token.start | token.end << 8 | token.byteStart << 16 | token.byteEnd << 24
    }
  }

  /// Where in a text something is.
  private struct Place: BitwiseCopyable {
    var byte: UInt32 = 0
    var scalar: UInt32 = 0
    var word: Int32 = 0
  }

  private let tokenizer: WordPieceTokenizer
  private let recognizesSpecialTokens: Bool
  private var words: WordSpans
  private var finder = ChunkFinder()
  /// Of a chunk of one token its ID and places, of others where in the arena its tokens are and how
  /// many; and its words and code points.
  private var cache = ChunkCache(slotCount: 1 << 13, limit: 1 << 20, isNarrow: false)
  /// Of a longer chunk the words and code points, and three numbers for each token.
  private var longCache = LongChunkCache(
    slotCount: 1 << 14, maxNumbers: 3 * LongChunkCache.keyBytes.upperBound + 1)
  private var longEntry: OutputBuffer<Int32>
  private var arena = OutputBuffer<Kept>(capacity: 1024)
  private static let arenaLimit = 1 << 21
  /// Where in the text the next chunk is looked for.
  private var place = Place()
  private var output = OutputBuffer<TokenSpan>(capacity: 4096)
  /// The tokens of a chunk that is not in the cache.
  private var fresh = OutputBuffer<TokenSpan>(capacity: 64)

  init(_ tokenizer: WordPieceTokenizer, recognizesSpecialTokens: Bool) {
    self.tokenizer = tokenizer
    self.recognizesSpecialTokens = recognizesSpecialTokens
    words = WordSpans(tokenizer)
    longEntry = OutputBuffer<Int32>(capacity: longCache.maxNumbers)
  }

  /// Appends the tokens of a text.
  mutating func append(_ text: UnsafeRawBufferPointer, to tokens: inout [TokenSpan]) {
    guard let base = UnsafeRawPointer(text.baseAddress) else { return }
    place = Place()
    let end = base + text.count
    var next = base
    while true {
      let found = appendBatch(next, end: end, origin: base)
      output.drain(into: &tokens)
      guard found > next else { break }
      next = found
    }
    guard next < end else { return }
    let rest = UnsafeRawBufferPointer(start: next, count: end - next)
    ChunkFinder.withRoom(after: rest) { first, readableEnd in
      let origin = first - (next - base)
      var next = first
      while next < first + rest.count {
        next = appendBatch(next, end: readableEnd, origin: origin)
      }
    }
    output.drain(into: &tokens)
  }

  /// Appends a batch of chunks; `origin` is where the text would begin.
  private mutating func appendBatch(
    _ first: UnsafeRawPointer, end: UnsafeRawPointer, origin: UnsafeRawPointer
  ) -> UnsafeRawPointer {
    cache.growIfFull()
    if arena.count > Self.arenaLimit {
      cache.removeAll()
      arena.count = 0
    }
    let (count, next) = finder.find(first, end: end, in: cache)
    var entry: (Int32, Int32, Int32) = (0, 0, 0)
    withUnsafeMutableBytes(of: &entry) { bytes in
      guard let base = bytes.baseAddress else { return }
      let entry = base.assumingMemoryBound(to: Int32.self)
      for index in 0..<count {
        let chunk = finder.found[index]
        let start = UInt32(truncatingIfNeeded: chunk.start - origin)
        // Between chunks are boundaries only, of one byte and one code point each.
        place.scalar &+= start &- place.byte
        place.byte = start
        output.reserve(ChunkCache.maxIDs)
        switch ChunkCache.find(chunk.key, in: chunk.bucket, isNarrow: false, into: entry) {
        case ChunkCache.missing:
          appendFresh(chunk)
          continue
        case 1:
          appendKept(id: entry[0], word: 0, places: UInt32(bitPattern: entry[1]))
        default:
          for index in Int(entry[0])..<Int(entry[0]) + Int(entry[1]) {
            let kept = arena.base[index]
            appendKept(id: kept.id, word: kept.word, places: kept.places)
          }
        }
        advance(chunk.key.count, extent: entry[2])
      }
    }
    return next
  }

  @inline(__always)
  private mutating func appendKept(id: Int32, word: Int32, places: UInt32) {
    output.base[output.count] = TokenSpan(
      id: id, wordID: place.word &+ word, start: place.scalar &+ places & 0xFF,
      end: place.scalar &+ (places &>> 8) & 0xFF, byteStart: place.byte &+ (places &>> 16) & 0xFF,
      byteEnd: place.byte &+ places &>> 24)
    output.count &+= 1
  }

  /// Appends the tokens of a chunk that is not in the cache for short ones.
  @inline(never)
  private mutating func appendFresh(_ chunk: FoundChunk) {
    guard chunk.key.high == FoundChunk.noKey, LongChunkCache.keyBytes.contains(chunk.count) else {
      return tokenize(chunk, hash: nil)
    }
    let hash = LongChunkCache.hash(chunk.start, count: chunk.count)
    let found = longCache.find(chunk.start, count: chunk.count, hash: hash, into: longEntry.base)
    guard found > 0 else { return tokenize(chunk, hash: hash) }
    let entry = longEntry.base
    output.reserve(found / 3)
    for index in stride(from: 1, to: found, by: 3) {
      appendKept(
        id: entry[index], word: entry[index + 1], places: UInt32(bitPattern: entry[index + 2]))
    }
    advance(chunk.count, extent: entry[0])
  }

  @inline(__always)
  private mutating func advance(_ byteCount: Int, extent: Int32) {
    place.byte &+= UInt32(truncatingIfNeeded: byteCount)
    place.scalar &+= UInt32(extent & 0xFFFF)
    place.word &+= extent &>> 16
  }

  /// Tokenizes a chunk, keeps its tokens where it is short enough, and appends them.
  private mutating func tokenize(_ chunk: FoundChunk, hash: UInt64?) {
    let text = UnsafeRawBufferPointer(start: chunk.start, count: chunk.count)
    fresh.count = 0
    if !tokenizer.normalizedMatcher.isEmpty || tokenizer.rawMatcher.mayMatch(text)
      || !words.append(text, to: &fresh)
    {
      fresh.count = 0
      let exact = tokenizer.exactTokens(
        ofUTF8: text, recognizesSpecialTokens: recognizesSpecialTokens)
      for token in exact { fresh.append(TokenSpan(token)) }
    }
    let wordCount = fresh.count == 0 ? 0 : fresh.base[fresh.count - 1].wordID + 1
    var scalarCount: UInt32 = 0
    for byte in text where byte & 0xC0 != 0x80 { scalarCount += 1 }
    if chunk.key.high != FoundChunk.noKey {
      keep(chunk.key, extent: wordCount << 16 | Int32(scalarCount))
    } else if let hash {
      keep(chunk, hash: hash, extent: wordCount << 16 | Int32(scalarCount))
    }
    for index in 0..<fresh.count {
      var token = fresh.base[index]
      token.wordID += place.word
      token.start += place.scalar
      token.end += place.scalar
      token.byteStart += place.byte
      token.byteEnd += place.byte
      output.append(token)
    }
    place.byte += UInt32(chunk.count)
    place.scalar += scalarCount
    place.word += wordCount
  }

  private mutating func keep(_ chunk: FoundChunk, hash: UInt64, extent: Int32) {
    longEntry.count = 0
    longEntry.append(extent)
    for index in 0..<fresh.count {
      let kept = Kept(fresh.base[index])
      longEntry.append(kept.id)
      longEntry.append(kept.word)
      longEntry.append(Int32(bitPattern: kept.places))
    }
    longCache.insert(
      chunk.start, count: chunk.count, hash: hash, longEntry.base, numberCount: longEntry.count)
  }

  private mutating func keep(_ key: ChunkCache.Key, extent: Int32) {
    guard fresh.count == 1 else {
      let entry = (Int32(arena.count), Int32(fresh.count), extent)
      for index in 0..<fresh.count { arena.append(Kept(fresh.base[index])) }
      return cache.insert(key, entry, count: 3)
    }
    let kept = Kept(fresh.base[0])
    cache.insert(key, (kept.id, Int32(bitPattern: kept.places), extent), count: 1)
  }
}
