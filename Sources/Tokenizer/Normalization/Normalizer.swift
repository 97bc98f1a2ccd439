/// The BERT normalizer, step by step and with alignment: the exact path.
///
/// - Source: `BertNormalizer` of Hugging Face `tokenizers` 0.23.3.
package struct Normalizer: Sendable {
  package let options: NormalizerOptions
  private let tables = UnicodeTables.shared

  /// A normalizer with the given flags.
  package init(options: NormalizerOptions) { self.options = options }

  /// Normalizes a text; the steps keep the reference's order.
  package func normalize(_ text: NormalizedText) -> NormalizedText {
    var text = text
    if options.cleanText { text = cleaned(text) }
    if options.handleChineseChars { text = chineseIsolated(text) }
    if options.stripsAccents { text = accentsStripped(CanonicalDecomposition.decompose(text)) }
    if options.lowercase { text = lowercased(text) }
    return text
  }

  private func cleaned(_ text: NormalizedText) -> NormalizedText {
    var result = NormalizedText()
    for i in 0..<text.count {
      let properties = tables.properties(of: text.scalars[i])
      if properties.contains(.removed) { continue }
      let scalar = properties.contains(.cleanSpace) ? Self.space : text.scalars[i]
      result.append(scalar, start: text.starts[i], end: text.ends[i])
    }
    return result
  }

  private func chineseIsolated(_ text: NormalizedText) -> NormalizedText {
    var result = NormalizedText()
    for i in 0..<text.count {
      let (scalar, start, end) = (text.scalars[i], text.starts[i], text.ends[i])
      let isIsolated = tables.properties(of: scalar).contains(.chinese)
      if isIsolated { result.append(Self.space, start: start, end: end) }
      result.append(scalar, start: start, end: end)
      if isIsolated { result.append(Self.space, start: start, end: end) }
    }
    return result
  }

  private func accentsStripped(_ text: NormalizedText) -> NormalizedText {
    var result = NormalizedText()
    for i in 0..<text.count
    where !tables.properties(of: text.scalars[i]).contains(.strippedMark) {
      result.append(text.scalars[i], start: text.starts[i], end: text.ends[i])
    }
    return result
  }

  private func lowercased(_ text: NormalizedText) -> NormalizedText {
    var result = NormalizedText()
    for i in 0..<text.count {
      tables.forEachLowercased(text.scalars[i]) {
        result.append($0, start: text.starts[i], end: text.ends[i])
      }
    }
    return result
  }

  private static let space: UInt32 = 0x20
}
