/// A trie over the bytes of a vocabulary, for the longest match from a place.
///
/// Two roots in one double array: one for the vocabulary's entries as they are, one for what
/// follows `##`.
///
/// Owns its memory; immutable once built, so any number of threads may read it.
final class WordPieceTrie: @unchecked Sendable {  // Immutable after init.
  /// The root of whole entries.
  static let wordRoot = 0
  /// The root of entries without their `##`.
  static let continuationRoot = 1
  /// The mark of an entry that continues a word.
  static let prefix: [UInt8] = Array("##".utf8)
  /// Most bytes that the entries may have together; keeps places well within 32 bits.
  static let maxVocabularyBytes = 1 << 23

  private let units: UnsafeMutablePointer<DoubleArrayBuilder.Unit>

  /// Builds the trie; of equal tokens the last one's ID wins, as in the reference.
  ///
  /// - Precondition: The tokens have at most ``maxVocabularyBytes`` bytes together.
  init(tokens: [String]) {
    let totalBytes = tokens.reduce(0) { $0 + $1.utf8.count }
    precondition(
      totalBytes <= Self.maxVocabularyBytes, "a vocabulary of \(totalBytes) bytes is too large")
    let words = tokens.enumerated().map {
      DoubleArrayBuilder.Entry(bytes: Array($0.element.utf8)[...], id: Int32($0.offset))
    }
    let continuations = words.compactMap { word in
      word.bytes.starts(with: Self.prefix) && word.bytes.count > Self.prefix.count
        ? DoubleArrayBuilder.Entry(bytes: word.bytes.dropFirst(Self.prefix.count), id: word.id)
        : nil
    }
    var builder = DoubleArrayBuilder(rootCount: 2)
    builder.insert(words, root: Self.wordRoot)
    builder.insert(continuations, root: Self.continuationRoot)
    units = .allocate(capacity: builder.units.count)
    units.initialize(from: builder.units, count: builder.units.count)
  }

  deinit { units.deallocate() }

  /// The longest entry that is a prefix of `bytes[start...]`, below a root.
  ///
  /// - Returns: The entry's ID and the place past it; the ID is -1 where no entry matches.
  @inline(__always)
  func longestMatch(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, root: Int
  ) -> (id: Int32, end: Int) {
    var node = root
    var found: (id: Int32, end: Int) = (-1, start)
    var place = start
    while place < bytes.count {
      let child = Int(units[node].base) + Int(bytes[place])
      guard Int(units[child].check) == node else { break }
      place += 1
      node = child
      if units[node].id >= 0 { found = (units[node].id, place) }
    }
    return found
  }

  /// The ID of an entry, nil where the vocabulary does not have it.
  func id(of token: some Sequence<UInt8>) -> Int32? {
    var node = Self.wordRoot
    for byte in token {
      let child = Int(units[node].base) + Int(byte)
      guard Int(units[child].check) == node else { return nil }
      node = child
    }
    return units[node].id >= 0 ? units[node].id : nil
  }
}
