/// What the reference tokenizer knows about each code point.
///
/// Immutable once built, so one instance is shared by all threads. Swift's own Unicode data is of
/// another version and differs on hundreds of code points, hence these tables.
package final class UnicodeTables: Sendable {
  /// The tables of the pinned behaviour, decoded at first use.
  package static let shared = UnicodeTables()

  /// The facts about one code point, as bits.
  package struct Properties: OptionSet, Sendable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// `clean_text` removes it.
    package static let removed = Properties(rawValue: 1 << 0)
    /// `clean_text` maps it to a space.
    package static let cleanSpace = Properties(rawValue: 1 << 1)
    /// `tokenize_chinese_chars` isolates it.
    package static let chinese = Properties(rawValue: 1 << 2)
    /// The pre-tokenizer splits at it and drops it.
    package static let whitespace = Properties(rawValue: 1 << 3)
    /// The pre-tokenizer isolates it.
    package static let punctuation = Properties(rawValue: 1 << 4)
    /// `strip_accents` removes it.
    package static let strippedMark = Properties(rawValue: 1 << 5)
    /// It has a canonical decomposition.
    package static let decomposes = Properties(rawValue: 1 << 6)
    /// It has a lower case mapping.
    package static let lowercases = Properties(rawValue: 1 << 7)

    /// The canonical combining class, 0 to 254, kept in the upper byte.
    package var combiningClass: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 8) }
  }

  /// Block number of each run of 256 code points.
  private let blockOfPage: [UInt16]
  /// Properties, 256 per block; pages that are all alike share theirs.
  private let blocks: [UInt16]
  private let decompositions: ScalarMap
  private let lowercaseMappings: ScalarMap
  private let wordCharacters: ScalarRanges

  private init() {
    var builder = PropertyTableBuilder()
    builder.insert(UnicodeData.removed, bits: Properties.removed.rawValue)
    builder.insert(UnicodeData.cleanSpaces, bits: Properties.cleanSpace.rawValue)
    builder.insert(UnicodeData.chineseCharacters, bits: Properties.chinese.rawValue)
    builder.insert(UnicodeData.whitespace, bits: Properties.whitespace.rawValue)
    builder.insert(UnicodeData.punctuation, bits: Properties.punctuation.rawValue)
    builder.insert(UnicodeData.strippedMarks, bits: Properties.strippedMark.rawValue)
    builder.insertCombiningClasses(UnicodeData.combiningClasses)
    decompositions = ScalarMap(UnicodeData.decompositions)
    lowercaseMappings = ScalarMap(UnicodeData.lowercase)
    wordCharacters = ScalarRanges(UnicodeData.wordCharacters)
    for key in decompositions.keys {
      builder.insert(key...key, bits: Properties.decomposes.rawValue)
    }
    builder.insert(ClosedRange(Hangul.syllables), bits: Properties.decomposes.rawValue)
    for key in lowercaseMappings.keys {
      builder.insert(key...key, bits: Properties.lowercases.rawValue)
    }
    (blockOfPage, blocks) = builder.finish()
  }

  /// The facts about a code point; none for a number above U+10FFFF.
  package func properties(of scalar: UInt32) -> Properties {
    let page = Int(scalar >> 8)
    guard page < blockOfPage.count else { return [] }
    return Properties(rawValue: blocks[Int(blockOfPage[page]) << 8 | Int(scalar & 0xFF)])
  }

  /// Whether a code point is a word character (`\w`), by binary search.
  func isWordCharacter(_ scalar: UInt32) -> Bool { wordCharacters.contains(scalar) }

  /// Calls `body` with each code point of the full canonical decomposition, in order.
  ///
  /// A code point without one is passed on unchanged.
  func forEachDecomposed(_ scalar: UInt32, _ body: (UInt32) -> Void) {
    if Hangul.syllables.contains(scalar) {
      Hangul.forEachJamo(of: scalar, body)
    } else if let mapped = decompositions[scalar] {
      for value in mapped { body(value) }
    } else {
      body(scalar)
    }
  }

  /// Calls `body` with each code point of the lower case mapping, in order.
  ///
  /// A code point without one is passed on unchanged.
  func forEachLowercased(_ scalar: UInt32, _ body: (UInt32) -> Void) {
    if let mapped = lowercaseMappings[scalar] {
      for value in mapped { body(value) }
    } else {
      body(scalar)
    }
  }
}

/// Hangul syllables decompose by arithmetic (Unicode, section 3.12).
enum Hangul {
  /// The precomposed syllables.
  static let syllables: Range<UInt32> = 0xAC00..<0xD7A4

  /// Calls `body` with the two or three jamo of a syllable.
  static func forEachJamo(of syllable: UInt32, _ body: (UInt32) -> Void) {
    let index = syllable - syllables.lowerBound
    body(0x1100 + index / 588)
    body(0x1161 + index % 588 / 28)
    if index % 28 != 0 { body(0x11A7 + index % 28) }
  }
}
