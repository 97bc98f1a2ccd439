/// How a text is encoded.
public struct EncodeOptions: Sendable, Hashable {
  /// Whether the template `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]` is applied.
  public var addsSpecialTokens: Bool
  /// Whether special tokens written in the text are recognised; else they are ordinary text.
  public var recognizesSpecialTokens: Bool
  /// How long a sequence may be; nil for any length.
  public var truncation: Truncation?
  /// How sequences are filled up; nil for not at all.
  public var padding: Padding?

  /// The template and nothing else, where not said otherwise.
  ///
  /// - Parameters:
  ///   - addsSpecialTokens: Whether the template is applied.
  ///   - recognizesSpecialTokens: Whether special tokens written in the text are recognised.
  ///   - truncation: How long a sequence may be; nil for any length.
  ///   - padding: How sequences are filled up; nil for not at all.
  public init(
    addsSpecialTokens: Bool = true, recognizesSpecialTokens: Bool = true,
    truncation: Truncation? = nil, padding: Padding? = nil
  ) {
    self.addsSpecialTokens = addsSpecialTokens
    self.recognizesSpecialTokens = recognizesSpecialTokens
    self.truncation = truncation
    self.padding = padding
  }

  /// The template, no truncation, no padding.
  public static let `default` = EncodeOptions()
}

/// The end of a sequence at which something is cut or filled.
public enum SequenceSide: String, Sendable, Hashable {
  /// The beginning.
  case left
  /// The end.
  case right
}
