/// A trie over the bytes of a vocabulary, for the longest match from a place.
///
/// Two roots: one for the vocabulary's entries as they are, one for what follows `##`. Edges live
/// in one open-addressed table of 8-byte entries, `(node << 8 | byte) << 32 | child`; no edge leads
/// to a root, so 0 marks a free entry.
///
/// Owns its memory; immutable once built, so any number of threads may read it.
final class WordPieceTrie: @unchecked Sendable {  // Immutable after init.
  /// The root of whole entries.
  static let wordRoot: UInt32 = 0
  /// The root of entries without their `##`.
  static let continuationRoot: UInt32 = 1
  /// Most bytes that the entries may have together: nodes are numbered with 24 bits.
  static let maxVocabularyBytes = 1 << 23

  private let edges: UnsafeMutablePointer<UInt64>
  private let edgeMask: Int
  private let ids: UnsafeMutablePointer<Int32>

  /// Builds the trie; of equal tokens the last one's ID wins, as in the reference.
  ///
  /// - Precondition: The tokens have at most ``maxVocabularyBytes`` bytes together.
  init(tokens: [String]) {
    let totalBytes = tokens.reduce(0) { $0 + $1.utf8.count }
    precondition(
      totalBytes <= Self.maxVocabularyBytes, "a vocabulary of \(totalBytes) bytes is too large")
    var builder = Builder(capacity: max(1024, totalBytes))
    for (id, token) in tokens.enumerated() {
      builder.insert(Array(token.utf8)[...], root: Self.wordRoot, id: Int32(id))
      if token.utf8.starts(with: Self.prefix), token.utf8.count > Self.prefix.count {
        builder.insert(
          Array(token.utf8.dropFirst(Self.prefix.count))[...], root: Self.continuationRoot,
          id: Int32(id))
      }
    }
    (edges, edgeMask) = builder.edgeTable()
    ids = .allocate(capacity: builder.ids.count)
    ids.initialize(from: builder.ids, count: builder.ids.count)
  }

  deinit {
    edges.deallocate()
    ids.deallocate()
  }

  /// The mark of an entry that continues a word.
  static let prefix: [UInt8] = Array("##".utf8)

  /// The longest entry that is a prefix of `bytes[start...]`, below a root.
  ///
  /// - Returns: The entry's ID and the place past it; nil where no entry matches.
  @inline(__always)
  func longestMatch(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, root: UInt32
  ) -> (id: Int32, end: Int)? {
    var node = root
    var found: (id: Int32, end: Int)?
    var place = start
    while place < bytes.count, let child = child(of: node, bytes[place]) {
      place += 1
      node = child
      if ids[Int(node)] >= 0 { found = (ids[Int(node)], place) }
    }
    return found
  }

  /// The ID of an entry, nil where the vocabulary does not have it.
  func id(of token: some Sequence<UInt8>) -> Int32? {
    var node = Self.wordRoot
    for byte in token {
      guard let child = child(of: node, byte) else { return nil }
      node = child
    }
    return ids[Int(node)] >= 0 ? ids[Int(node)] : nil
  }

  @inline(__always)
  private func child(of node: UInt32, _ byte: UInt8) -> UInt32? {
    let key = UInt64(node) << 8 | UInt64(byte)
    var slot = Builder.slot(of: key) & edgeMask
    while edges[slot] != 0 {
      if edges[slot] >> 32 == key { return UInt32(truncatingIfNeeded: edges[slot]) }
      slot = (slot + 1) & edgeMask
    }
    return nil
  }
}

extension WordPieceTrie {
  /// Collects nodes and edges.
  private struct Builder {
    var ids: [Int32] = [-1, -1]
    private var children: [UInt64: UInt32]

    init(capacity: Int) {
      children = [:]
      children.reserveCapacity(capacity)
    }

    static func slot(of key: UInt64) -> Int {
      Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32)
    }

    mutating func insert(_ token: ArraySlice<UInt8>, root: UInt32, id: Int32) {
      var node = root
      for byte in token {
        let key = UInt64(node) << 8 | UInt64(byte)
        if let child = children[key] {
          node = child
        } else {
          let child = UInt32(ids.count)
          ids.append(-1)
          children[key] = child
          node = child
        }
      }
      ids[Int(node)] = id
    }

    /// The edges in an open-addressed table at most half full, and the mask of its size.
    func edgeTable() -> (UnsafeMutablePointer<UInt64>, Int) {
      var size = 1024
      while size < children.count * 2 { size *= 2 }
      let table = UnsafeMutablePointer<UInt64>.allocate(capacity: size)
      table.initialize(repeating: 0, count: size)
      for (key, child) in children {
        var slot = Self.slot(of: key) & (size - 1)
        while table[slot] != 0 { slot = (slot + 1) & (size - 1) }
        table[slot] = key << 32 | UInt64(child)
      }
      return (table, size - 1)
    }
  }
}
