/// Puts sequences and special tokens together: `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]`.
struct Template: Sendable {
  let specialTokens: SpecialTokens
  /// Whether the special tokens are put in; else sequences are only joined.
  let addsSpecialTokens: Bool

  /// How many special tokens the template adds.
  static func specialTokenCount(isPair: Bool) -> Int { isPair ? 3 : 2 }

  /// Joins what was kept of one or two sequences; the rest is the result's overflow.
  func apply(first: EncodingParts, second: EncodingParts?) -> Encoding {
    var result = join(first.part(0), second?.part(0))
    if first.ranges.count > 1 || (second?.ranges.count ?? 1) > 1 {
      result.overflowing = OverflowingEncodings(self, first: first, second: second)
    }
    return result
  }

  /// Joins one or two sequences.
  func join(_ first: Encoding, _ second: Encoding?) -> Encoding {
    guard addsSpecialTokens else {
      var joined = first
      if let second { joined.append(second) }
      return joined
    }
    var joined = Encoding()
    joined.append(item(specialTokens.classifyID, specialTokens.names.classify, typeID: 0))
    joined.append(first)
    joined.append(item(specialTokens.separatorID, specialTokens.names.separator, typeID: 0))
    if let second {
      joined.append(second)
      joined.append(item(specialTokens.separatorID, specialTokens.names.separator, typeID: 1))
    }
    return joined
  }

  private func item(_ id: Int32, _ token: String, typeID: Int32) -> Encoding.Item {
    Encoding.Item(id: id, token: token, typeID: typeID, isSpecial: 1)
  }
}
