/// A token that is recognised in the text as a whole, before it is cut into words.
public struct AddedToken: Sendable, Hashable {
  /// The text that stands for it.
  public var content: String
  /// Its ID, in the vocabulary or past its end.
  public var id: Int32
  /// Whether decoding may skip it and encoding may leave it unrecognised.
  public var isSpecial: Bool
  /// Whether it is looked for in normalized text, its content normalized too; else in raw text.
  public var normalized: Bool
  /// Whether it counts only where no word character (`\w`) touches it.
  public var singleWord: Bool
  /// Whether it takes in the white space before it.
  public var lstrip: Bool
  /// Whether it takes in the white space after it.
  public var rstrip: Bool

  /// A token recognised as a whole, in raw text and also inside words where not said otherwise.
  ///
  /// - Parameters:
  ///   - content: The text that stands for it; not empty.
  ///   - id: Its ID, in the vocabulary or past its end.
  ///   - isSpecial: Whether decoding may skip it and encoding may leave it unrecognised.
  ///   - normalized: Whether it is looked for in normalized text.
  ///   - singleWord: Whether it counts only where no word character touches it.
  ///   - lstrip: Whether it takes in the white space before it.
  ///   - rstrip: Whether it takes in the white space after it.
  public init(
    content: String, id: Int32, isSpecial: Bool = true, normalized: Bool = false,
    singleWord: Bool = false, lstrip: Bool = false, rstrip: Bool = false
  ) {
    self.content = content
    self.id = id
    self.isSpecial = isSpecial
    self.normalized = normalized
    self.singleWord = singleWord
    self.lstrip = lstrip
    self.rstrip = rstrip
  }
}
