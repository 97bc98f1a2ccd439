/// What the normalizer and the pre-tokenizer make of each ASCII character.
struct ASCIITable: Sendable {
  /// What happens to a character.
  enum Action: UInt8 {
    /// It is part of a word, as another character perhaps.
    case text
    /// It disappears.
    case removed
    /// It ends a word and disappears.
    case space
    /// It is a word by itself.
    case isolated
  }

  /// The character's action in the upper byte, what it becomes in the lower.
  private let entries: [UInt16]

  /// Derives the table from the exact path, so that there is one source of the rules.
  init(_ normalizer: Normalizer) {
    let tables = UnicodeTables.shared
    entries = (0..<128).map { character in
      let normalized = normalizer.normalize(NormalizedText(scalars: [UInt32(character)])).scalars
      guard let scalar = normalized.first else { return UInt16(Action.removed.rawValue) << 8 }
      precondition(normalized.count == 1 && scalar < 128, "ASCII stays one ASCII character")
      let properties = tables.properties(of: scalar)
      let action: Action =
        properties.contains(.whitespace)
        ? .space : properties.contains(.punctuation) ? .isolated : .text
      return UInt16(action.rawValue) << 8 | UInt16(scalar)
    }
  }

  /// The action and the resulting character of an ASCII character.
  @inline(__always)
  subscript(_ character: UInt8) -> (action: UInt8, character: UInt8) {
    let entry = entries[Int(character)]
    return (UInt8(entry >> 8), UInt8(truncatingIfNeeded: entry))
  }
}
