/// What normalizer and pre-tokenizer make of each code point, found out once and kept.
///
/// All steps depend on one code point alone, but for marks that survive the removal of accents:
/// those may change places, and a text that holds one takes the exact path. So the exact path is
/// asked about a code point when it first comes up, and there is one source of the rules.
///
/// Owns its memory; one caller at a time.
struct ScalarActions: ~Copyable {
  /// One code point's fate in 8 bytes: kind in the top byte, payload below.
  struct Action {
    var bits: UInt64

    /// Not found out yet.
    static let unknown: UInt64 = 0
    /// Part of a word: UTF-8 in the lower half, its length above.
    static let text: UInt64 = 1
    /// It disappears.
    static let removed: UInt64 = 2
    /// It ends a word and disappears.
    static let space: UInt64 = 3
    /// It is a word by itself, for which the lower half is what the owner of the actions says.
    static let isolated: UInt64 = 4
    /// It becomes several code points: the index of their actions, and above how many they are.
    static let sequence: UInt64 = 5
    /// Only the exact path can tell.
    static let exact: UInt64 = 6

    @inline(__always)
    init(bits: UInt64) { self.bits = bits }

    init(_ kind: UInt64, low: UInt32 = 0, count: Int = 0) {
      bits = kind << 56 | UInt64(count) << 32 | UInt64(low)
    }

    @inline(__always) var kind: UInt64 { bits >> 56 }
    @inline(__always) var low: UInt32 { UInt32(truncatingIfNeeded: bits) }
    @inline(__always) var count: Int { Int(bits >> 32 & 0xFF_FFFF) }
  }

  /// The actions of ASCII, always known.
  let ascii: UnsafeMutablePointer<UInt64>
  /// For each byte the one that it puts into a word where it is ASCII and does just that, else 0.
  let letters: UnsafeMutablePointer<UInt8>
  private let pages: UnsafeMutablePointer<UnsafeMutablePointer<UInt64>?>
  private static let pageCount = 0x110000 / 256
  private(set) var sequences: [Action] = []

  private let normalizer: Normalizer
  private let isolatedPayload: (UnsafeBufferPointer<UInt8>) -> UInt32

  /// Actions of which only ASCII's are known.
  ///
  /// - Parameters:
  ///   - normalizer: The exact path.
  ///   - isolatedPayload: The lower half for a word of one code point, given its UTF-8.
  init(
    _ normalizer: Normalizer, isolatedPayload: @escaping (UnsafeBufferPointer<UInt8>) -> UInt32
  ) {
    self.normalizer = normalizer
    self.isolatedPayload = isolatedPayload
    pages = .allocate(capacity: Self.pageCount)
    pages.initialize(repeating: nil, count: Self.pageCount)
    ascii = .allocate(capacity: 256)
    ascii.initialize(repeating: Action.unknown, count: 256)
    pages[0] = ascii
    letters = .allocate(capacity: 256)
    letters.initialize(repeating: 0, count: 256)
    for character in 0..<128 {
      let action = derive(UInt32(character))
      ascii[character] = action.bits
      if action.kind == Action.text, action.count == 1 { letters[character] = UInt8(action.low) }
    }
  }

  deinit {
    for page in 0..<Self.pageCount { pages[page]?.deallocate() }
    pages.deallocate()
    letters.deallocate()
  }

  /// The action of a code point.
  @inline(__always)
  mutating func action(of scalar: UInt32) -> Action {
    if let page = pages[Int(scalar >> 8)] {
      let bits = page[Int(scalar & 0xFF)]
      if bits != Action.unknown { return Action(bits: bits) }
    }
    return findOut(scalar)
  }

  private mutating func findOut(_ scalar: UInt32) -> Action {
    let number = Int(scalar >> 8)
    let page: UnsafeMutablePointer<UInt64>
    if let known = pages[number] {
      page = known
    } else {
      page = .allocate(capacity: 256)
      page.initialize(repeating: Action.unknown, count: 256)
      pages[number] = page
    }
    let action = derive(scalar)
    page[Int(scalar & 0xFF)] = action.bits
    return action
  }

  private mutating func derive(_ scalar: UInt32) -> Action {
    let properties = UnicodeTables.shared.properties(of: scalar)
    // Most code points have no property at all, or are ideographs; the rest is asked for.
    if properties.isEmpty { return Self.text(scalar) }
    if properties == .chinese {
      return normalizer.options.handleChineseChars ? isolated(scalar) : Self.text(scalar)
    }
    let normalized = normalizer.normalize(NormalizedText(scalars: [scalar])).scalars
    let parts = normalized.map { part -> Action in
      let properties = UnicodeTables.shared.properties(of: part)
      if properties.contains(.whitespace) { return Action(Action.space) }
      if properties.contains(.punctuation) { return isolated(part) }
      let mayMove = normalizer.options.stripsAccents && properties.combiningClass != 0
      return mayMove ? Action(Action.exact) : Self.text(part)
    }
    if parts.contains(where: { $0.kind == Action.exact }) { return Action(Action.exact) }
    switch parts.count {
    case 0: return Action(Action.removed)
    case 1: return parts[0]
    default:
      sequences += parts
      return Action(
        Action.sequence, low: UInt32(sequences.count - parts.count), count: parts.count)
    }
  }

  private static func text(_ scalar: UInt32) -> Action {
    var bytes: [UInt8] = []
    UTF8Decoder.append(scalar, to: &bytes)
    let packed = bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return Action(Action.text, low: packed, count: bytes.count)
  }

  private func isolated(_ scalar: UInt32) -> Action {
    var bytes: [UInt8] = []
    UTF8Decoder.append(scalar, to: &bytes)
    return Action(Action.isolated, low: bytes.withUnsafeBufferPointer(isolatedPayload))
  }
}

extension ScalarActions {
  /// Actions in which a word of one code point has its token's ID.
  init(_ tokenizer: WordPieceTokenizer) {
    let model = tokenizer.model
    self.init(tokenizer.normalizer) { word in
      // No entry ends inside a code point, so a word of one is one token or unknown.
      var id = model.unknownID
      guard let base = word.baseAddress else { return 0 }
      _ = model.segment(base, count: word.count, scalarCount: 1) { piece, end in
        if end == word.count { id = piece }
      }
      return UInt32(bitPattern: id)
    }
  }
}
