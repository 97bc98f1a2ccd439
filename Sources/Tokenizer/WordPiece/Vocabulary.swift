/// The tokens of a model, by ID.
public struct Vocabulary: Sendable {
  /// Most bytes that the tokens may have together; keeps places well within 32 bits.
  static let maxBytes = 1 << 26

  private let storage: VocabularyBytes
  let trie: WordPieceTrie

  /// A vocabulary in which a token's index is its ID; of equal tokens the last one's ID counts.
  ///
  /// - Parameters:
  ///   - tokens: The tokens in order of their IDs, continuations marked with `##`.
  ///   - source: Where the tokens come from, for error messages.
  /// - Throws: ``TokenizerError/invalidVocabulary(source:reason:)`` where there are no tokens, or
  ///   more than 64 MiB of them.
  public init(tokens: some Sequence<String>, source: String = "given") throws {
    var storage = VocabularyBytes()
    var total = 0
    for token in tokens {
      total += token.utf8.count
      guard total <= Self.maxBytes else { break }
      storage.append(token)
    }
    try self.init(storage, totalBytes: total, source: source)
  }

  /// A vocabulary of tokens that are bytes already.
  init(_ storage: VocabularyBytes, source: String) throws {
    try self.init(storage, totalBytes: storage.bytes.count, source: source)
  }

  private init(_ storage: VocabularyBytes, totalBytes: Int, source: String) throws {
    guard storage.count > 0 else {
      throw TokenizerError.invalidVocabulary(source: source, reason: "it is empty")
    }
    guard totalBytes <= Self.maxBytes else {
      throw TokenizerError.invalidVocabulary(
        source: source, reason: "its tokens have more than \(Self.maxBytes) bytes")
    }
    self.storage = storage
    trie = WordPieceTrie(storage)
  }

  /// How many IDs there are.
  public var count: Int { storage.count }

  /// The tokens in order of their IDs; makes a string of each.
  public var tokens: [String] { (0..<count).map { storage[$0] } }

  /// The token of an ID.
  ///
  /// - Parameter id: In `0..<count`.
  /// - Returns: The token's string.
  /// - Precondition: The ID is in range.
  public func token(_ id: Int32) -> String {
    precondition(id >= 0 && Int(id) < count, "token ID \(id) is not in the vocabulary")
    return storage[Int(id)]
  }

  /// The ID of a token, compared byte by byte; nil where there is none.
  public func id(of token: String) -> Int32? { trie.id(of: token.utf8) }

  /// The ID of a token given as bytes; nil where there is none.
  func id(ofUTF8 token: some Sequence<UInt8>) -> Int32? { trie.id(of: token) }

  /// A token that is there twice; nil where there is none.
  var repeatedToken: String? { trie.repeatedID.map { storage[Int($0)] } }

  /// Whether the tokens are these, in this order.
  func hasTokens(_ tokens: VocabularyBytes) -> Bool {
    storage.starts == tokens.starts && storage.bytes == tokens.bytes
  }

  /// Whether a token continues a word, as its `##` says.
  ///
  /// - Parameter id: In `0..<count`.
  /// - Returns: True for `##` with something after it.
  public func isContinuation(_ id: Int32) -> Bool {
    let range = storage.range(Int(id))
    return range.count > 2 && storage.bytes[range.lowerBound] == UInt8(ascii: "#")
      && storage.bytes[range.lowerBound + 1] == UInt8(ascii: "#")
  }

  /// Calls `body` with the bytes of each token, in order of IDs.
  func forEachToken(_ body: (ArraySlice<UInt8>) throws -> Void) rethrows {
    for id in 0..<count { try body(storage.bytes[storage.range(id)]) }
  }
}
