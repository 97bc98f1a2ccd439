/// A tokenized text or pair, with everything a model or an annotator asks for.
///
/// All arrays have one element per token.
public struct Encoding: Sendable, Equatable {
  /// Token IDs.
  public internal(set) var ids: [Int32] = []
  /// The tokens' strings, as in the vocabulary.
  public internal(set) var tokens: [String] = []
  /// 0 for the first sequence, 1 for the second.
  public internal(set) var typeIDs: [Int32] = []
  /// The index of the word (or of the given word, for split input) in its sequence; -1 for tokens
  /// that the template or padding added.
  public internal(set) var wordIDs: [Int32] = []
  /// The code points of the source that a token stands for; empty at 0 for added tokens.
  ///
  /// For split input, offsets are relative to each word.
  public internal(set) var offsets: [Range<Int>] = []
  /// The UTF-8 bytes of the source that a token stands for; empty at 0 for added tokens.
  public internal(set) var byteOffsets: [Range<Int>] = []
  /// 1 for tokens, 0 for padding.
  public internal(set) var attentionMask: [Int32] = []
  /// 1 for tokens that the template or padding added, 0 for those of the text.
  public internal(set) var specialTokensMask: [Int32] = []
  /// What truncation cut off, if it was asked for; built when it is read.
  public internal(set) var overflowing = OverflowingEncodings()

  /// An encoding without tokens.
  package init() {}

  /// How many tokens there are.
  public var count: Int { ids.count }
}

extension Encoding {
  /// One token with everything about it.
  struct Item: Sendable {
    var id: Int32
    var token: String
    var typeID: Int32
    var wordID: Int32 = -1
    var offsets: Range<Int> = 0..<0
    var byteOffsets: Range<Int> = 0..<0
    var attention: Int32 = 1
    var isSpecial: Int32 = 0
  }

  mutating func append(_ item: Item) {
    ids.append(item.id)
    tokens.append(item.token)
    typeIDs.append(item.typeID)
    wordIDs.append(item.wordID)
    offsets.append(item.offsets)
    byteOffsets.append(item.byteOffsets)
    attentionMask.append(item.attention)
    specialTokensMask.append(item.isSpecial)
  }

  /// Appends the tokens of another encoding, without its overflow.
  mutating func append(_ other: Encoding) {
    ids += other.ids
    tokens += other.tokens
    typeIDs += other.typeIDs
    wordIDs += other.wordIDs
    offsets += other.offsets
    byteOffsets += other.byteOffsets
    attentionMask += other.attentionMask
    specialTokensMask += other.specialTokensMask
  }

  /// The tokens of a range, without overflow.
  func part(_ range: Range<Int>) -> Encoding {
    var part = Encoding()
    part.ids = Array(ids[range])
    part.tokens = Array(tokens[range])
    part.typeIDs = Array(typeIDs[range])
    part.wordIDs = Array(wordIDs[range])
    part.offsets = Array(offsets[range])
    part.byteOffsets = Array(byteOffsets[range])
    part.attentionMask = Array(attentionMask[range])
    part.specialTokensMask = Array(specialTokensMask[range])
    return part
  }
}
