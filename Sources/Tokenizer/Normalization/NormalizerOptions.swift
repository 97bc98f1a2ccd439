/// The four independent flags of the BERT normalizer.
public struct NormalizerOptions: Sendable, Hashable {
  /// Remove control characters, map white space to plain spaces (`clean_text`).
  public var cleanText: Bool
  /// Isolate Chinese ideographs (`tokenize_chinese_chars`).
  public var handleChineseChars: Bool
  /// Decompose and remove accents (`strip_accents`); nil takes the value of ``lowercase``.
  public var stripAccents: Bool?
  /// Map to lower case (`do_lower_case`).
  public var lowercase: Bool

  /// The flags of an uncased model, where not said otherwise.
  ///
  /// - Parameters:
  ///   - cleanText: Remove control characters, map white space to plain spaces.
  ///   - handleChineseChars: Isolate Chinese ideographs.
  ///   - stripAccents: Remove accents; nil takes the value of `lowercase`.
  ///   - lowercase: Map to lower case.
  public init(
    cleanText: Bool = true, handleChineseChars: Bool = true, stripAccents: Bool? = nil,
    lowercase: Bool = true
  ) {
    self.cleanText = cleanText
    self.handleChineseChars = handleChineseChars
    self.stripAccents = stripAccents
    self.lowercase = lowercase
  }

  /// The flags of uncased models.
  public static let uncased = NormalizerOptions()
  /// The flags of cased models.
  public static let cased = NormalizerOptions(lowercase: false)

  /// Whether accents are removed, after ``stripAccents`` and ``lowercase`` are weighed.
  package var stripsAccents: Bool { stripAccents ?? lowercase }
}
