/// Builds one word after another and cuts each into pieces, with a cache of words.
///
/// Owns its memory; one caller at a time.
struct WordEncoder: ~Copyable {
  private let model: WordPieceModel
  /// The UTF-8 of the word being built.
  private let bytes: UnsafeMutablePointer<UInt8>
  private(set) var byteCount = 0
  /// Its code points; beyond the limit only the count goes on, since the word is unknown then.
  private(set) var scalarCount = 0
  private var cache: ChunkCache

  init(_ model: WordPieceModel) {
    self.model = model
    let capacity = 4 * model.maxInputCharsPerWord + 16
    bytes = .allocate(capacity: capacity)
    // A key is read as 16 bytes, whatever the word's length.
    bytes.initialize(repeating: 0, count: capacity)
    cache = ChunkCache(slotCount: 1 << 13, limit: 1 << 17)
  }

  deinit { bytes.deallocate() }

  /// Adds a code point, given as the `count` lowest bytes of `utf8`.
  @inline(__always)
  mutating func append(utf8: UInt32, count: Int) {
    if scalarCount < model.maxInputCharsPerWord {
      UnsafeMutableRawPointer(bytes + byteCount).storeBytes(of: utf8.littleEndian, as: UInt32.self)
      byteCount += count
    }
    scalarCount += 1
  }

  /// Forgets the word being built.
  @inline(__always)
  mutating func reset() {
    byteCount = 0
    scalarCount = 0
  }

  /// Appends the IDs of the word, if there is one, and starts another.
  @inline(__always)
  mutating func endWord(_ ids: inout OutputBuffer<Int32>) {
    if scalarCount > 0 { encodeWord(&ids) }
  }

  private mutating func encodeWord(_ ids: inout OutputBuffer<Int32>) {
    ids.reserve(byteCount + ChunkCache.maxIDs)
    if byteCount <= ChunkCache.maxKeyBytes, scalarCount <= model.maxInputCharsPerWord {
      cache.growIfFull()
      let key = ChunkCache.Key(bytes, count: byteCount)
      let bucket = cache.bucket(of: key)
      let output = ids.base + ids.count
      let found = ChunkCache.find(key, in: bucket, into: output)
      if found != ChunkCache.missing {
        if found > 3 { cache.copyIDs(in: bucket, key: key, into: output) }
        ids.count += found
      } else {
        let first = ids.count
        segment(&ids)
        cache.insert(key, ids.base + first, count: ids.count - first)
      }
    } else {
      segment(&ids)
    }
    reset()
  }

  private func segment(_ ids: inout OutputBuffer<Int32>) {
    let output = ids.base + ids.count
    var count = 0
    let isKnown = model.segment(bytes, count: byteCount, scalarCount: scalarCount) { id, _ in
      output[count] = id
      count += 1
    }
    if !isKnown {
      output[0] = model.unknownID
      count = 1
    }
    ids.count += count
  }
}
