/// The fast path from text to token IDs, with a bounded cache of its own.
///
/// Gives exactly the IDs of ``WordPieceTokenizer/encode(_:pair:options:)`` without the template.
/// One caller at a time: make one for each thread. Memory is bounded: about 3 MiB.
public final class TokenIDEncoder {
  private let tokenizer: WordPieceTokenizer
  private var chunks: ChunkEncoder
  private var cache: ChunkCache
  /// IDs on their way to the caller, so that an array grows once in a while and not per token.
  private let output: UnsafeMutablePointer<Int32>
  private static let outputCapacity = 4096

  /// An encoder for one thread.
  ///
  /// - Parameter tokenizer: The tokenizer whose IDs it gives.
  public init(_ tokenizer: WordPieceTokenizer) {
    self.tokenizer = tokenizer
    chunks = ChunkEncoder(tokenizer)
    cache = ChunkCache(slotCount: 1 << 16)
    output = .allocate(capacity: Self.outputCapacity)
  }

  deinit { output.deallocate() }

  /// Appends the token IDs of a text: no template, special tokens in the text recognised.
  ///
  /// - Parameters:
  ///   - bytes: The text, valid UTF-8 (see ``UTF8Repair``). Invalid bytes count as U+FFFD, which
  ///     `clean_text` removes.
  ///   - ids: Receives the IDs.
  /// - Complexity: O(bytes) for text of ordinary words; a chunk without white space takes at most
  ///   the length of the longest vocabulary entry for each of its bytes.
  public func appendTokenIDs(ofUTF8 bytes: UnsafeRawBufferPointer, to ids: inout [Int32]) {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
    // An added token with a space in it may cross chunks; none of BERT's has one.
    guard !tokenizer.matcher.containsChunkBoundary else {
      ids += tokenizer.exactTokens(ofUTF8: bytes, recognizesSpecialTokens: true).map(\.id)
      return
    }
    let end = bytes.count
    var place = 0
    var pending = 0
    while true {
      while place < end,
        ChunkBoundary.contains(base.load(fromByteOffset: place, as: UInt8.self))
      {
        place += 1
      }
      guard place < end else { break }
      let chunkEnd = ChunkBoundary.next(in: base, from: place, end: end)
      let count = chunkEnd - place
      if pending > Self.outputCapacity - ChunkCache.maxIDs {
        flush(&pending, to: &ids)
      }
      if count <= ChunkCache.maxKeyBytes {
        let key = ChunkCache.key(base, place, count: count, end: end)
        let found = cache.find(key, into: output + pending)
        if found >= 0 {
          pending += found
        } else {
          flush(&pending, to: &ids)
          let first = ids.count
          chunks.append(UnsafeRawBufferPointer(start: base + place, count: count), to: &ids)
          cache.insert(key, ids[first...])
        }
      } else {
        flush(&pending, to: &ids)
        chunks.append(UnsafeRawBufferPointer(start: base + place, count: count), to: &ids)
      }
      place = chunkEnd
    }
    flush(&pending, to: &ids)
  }

  /// Appends the token IDs of a string, as for its UTF-8 bytes.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - ids: Receives the IDs.
  public func appendTokenIDs(of text: String, to ids: inout [Int32]) {
    var text = text
    text.withUTF8 { appendTokenIDs(ofUTF8: UnsafeRawBufferPointer($0), to: &ids) }
  }

  private func flush(_ pending: inout Int, to ids: inout [Int32]) {
    if pending > 0 { ids.append(contentsOf: UnsafeBufferPointer(start: output, count: pending)) }
    pending = 0
  }
}

extension WordPieceTokenizer {
  /// Appends the token IDs of a text: no template, special tokens in the text recognised.
  ///
  /// Has no cache; a ``TokenIDEncoder`` that is kept for many texts is several times faster.
  ///
  /// - Parameters:
  ///   - bytes: The text, valid UTF-8 (see ``UTF8Repair``).
  ///   - ids: Receives the IDs.
  public func appendTokenIDs(ofUTF8 bytes: UnsafeRawBufferPointer, to ids: inout [Int32]) {
    var encoder = ChunkEncoder(self)
    encoder.append(bytes, to: &ids)
  }
}
