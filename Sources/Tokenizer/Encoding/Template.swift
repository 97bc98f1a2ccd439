/// Puts sequences and special tokens together: `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]`.
struct Template: Sendable {
  let specialTokens: SpecialTokens

  /// How many special tokens the template adds.
  static func specialTokenCount(isPair: Bool) -> Int { isPair ? 3 : 2 }

  /// Joins the parts of one or two sequences; the first part of each is what was kept.
  ///
  /// The overflow of a pair combines all parts, in the reference's order: each overflowing part of
  /// the first with every part of the second, then the kept one with the overflowing ones.
  func apply(first: [Encoding], second: [Encoding]?, addsSpecialTokens: Bool) -> Encoding {
    func join(_ a: Encoding, _ b: Encoding?) -> Encoding {
      guard addsSpecialTokens else {
        var joined = a
        if let b { joined.append(b) }
        return joined
      }
      var joined = Encoding()
      joined.append(item(specialTokens.classifyID, specialTokens.names.classify, typeID: 0))
      joined.append(a)
      joined.append(item(specialTokens.separatorID, specialTokens.names.separator, typeID: 0))
      if let b {
        joined.append(b)
        joined.append(item(specialTokens.separatorID, specialTokens.names.separator, typeID: 1))
      }
      return joined
    }

    var result = join(first[0], second?[0])
    for part in first.dropFirst() {
      if let second {
        for other in second { result.overflowing.append(join(part, other)) }
      } else {
        result.overflowing.append(join(part, nil))
      }
    }
    for other in (second ?? []).dropFirst() {
      result.overflowing.append(join(first[0], other))
    }
    return result
  }

  private func item(_ id: Int32, _ token: String, typeID: Int32) -> Encoding.Item {
    Encoding.Item(id: id, token: token, typeID: typeID, isSpecial: 1)
  }
}
