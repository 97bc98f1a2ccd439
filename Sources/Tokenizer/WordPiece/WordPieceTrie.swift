/// A trie over the bytes of a vocabulary, for the longest match from a place.
///
/// A double array: the child of node n by byte b is at `base(n) + b`, if the check there names n.
/// What continues a word is found below the node of `##`, so one array serves both.
///
/// Owns its memory; immutable once built, so any number of threads may read it.
final class WordPieceTrie: @unchecked Sendable {  // Immutable after init.
  /// The root of whole entries.
  static let wordRoot = 0
  /// The mark of an entry that continues a word.
  static let prefix: [UInt8] = Array("##".utf8)

  /// The root of entries without their `##`; a node without children where there are none.
  let continuationRoot: Int
  /// The ID of an entry that another one equals; nil where all differ.
  let repeatedID: Int32?
  private let units: UnsafeMutablePointer<DoubleArrayBuilder.Unit>
  /// The ID of the entry that ends at a node, -1 for none.
  private let ids: UnsafeMutablePointer<Int32>

  /// Builds the trie; of equal tokens the last one's ID wins, as in the reference.
  init(_ tokens: VocabularyBytes) {
    var builder = DoubleArrayBuilder(tokens)
    builder.build()
    repeatedID = builder.repeatedID
    (units, ids) = builder.take()
    var node: Int? = Self.wordRoot
    for byte in Self.prefix { node = node.flatMap { [units] in Self.child($0, byte, units) } }
    continuationRoot = node ?? DoubleArrayBuilder.deadNode
  }

  deinit {
    units.deallocate()
    ids.deallocate()
  }

  /// The longest entry that is a prefix of `bytes[start..<end]`, below a root.
  ///
  /// - Returns: The entry's ID and the place past it; the ID is -1 where no entry matches.
  @inline(__always)
  func longestMatch(
    _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, root: Int
  ) -> (id: Int32, end: Int) {
    var node = root
    var foundNode = DoubleArrayBuilder.deadNode
    var foundEnd = start
    var place = start
    while place < end {
      let child = Int(units[node].base) + Int(bytes[place])
      let unit = units[child]
      guard Int(unit.parent) == node else { break }
      place += 1
      node = child
      if unit.isEntry {
        foundNode = child
        foundEnd = place
      }
    }
    return (ids[foundNode], foundEnd)
  }

  /// The ID of an entry, nil where the vocabulary does not have it.
  func id(of token: some Sequence<UInt8>) -> Int32? {
    var node = Self.wordRoot
    for byte in token {
      guard let child = Self.child(node, byte, units) else { return nil }
      node = child
    }
    return ids[node] >= 0 ? ids[node] : nil
  }

  private static func child(
    _ node: Int, _ byte: UInt8, _ units: UnsafeMutablePointer<DoubleArrayBuilder.Unit>
  ) -> Int? {
    let child = Int(units[node].base) + Int(byte)
    return Int(units[child].parent) == node ? child : nil
  }
}
