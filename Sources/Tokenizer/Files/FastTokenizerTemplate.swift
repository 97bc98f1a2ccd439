extension FastTokenizerSections {
  /// A special token that the template puts in.
  struct TemplateToken {
    /// As in the key `<role>_token`.
    let role: String
    let name: String
    let id: Int
    /// The object that gives the ID, and its key there.
    fileprivate let object: JSONObject
    fileprivate let key: String

    /// The error for an ID that is not the token's.
    func mismatch(_ expected: Int) -> TokenizerError {
      object.unsupported(key, expected: "the ID \(expected) that \(name) has")
    }
  }

  /// The tokens that begin and end a sequence; none where nothing is said.
  ///
  /// - Throws: ``TokenizerError`` unless it is `[CLS] A [SEP]` and `[CLS] A [SEP] B [SEP]` with the
  ///   types 0 and 1, whatever the tokens are called.
  func templateTokens() throws -> [TemplateToken] {
    guard let section = try file.object("post_processor") else { return [] }
    if try section.string("type") == "BertProcessing" {
      return [try pair(section, "cls"), try pair(section, "sep")]
    }
    let single = try pieces(section, "single")
    guard single.count == 3, case .special(let classify, 0) = single[0],
      case .sequence("A", 0) = single[1], case .special(let separator, 0) = single[2]
    else { throw section.unsupported("single", expected: "[CLS]:0 A:0 [SEP]:0") }
    let wanted: [Piece] = [
      .special(classify, 0), .sequence("A", 0), .special(separator, 0), .sequence("B", 1),
      .special(separator, 1),
    ]
    guard try pieces(section, "pair") == wanted else {
      throw section.unsupported("pair", expected: "[CLS]:0 A:0 [SEP]:0 B:1 [SEP]:1")
    }
    return [
      try token(section, "cls", classify), try token(section, "sep", separator),
    ]
  }

  private enum Piece: Equatable {
    case special(String, Int)
    case sequence(String, Int)
  }

  private func pieces(_ section: JSONObject, _ key: String) throws -> [Piece] {
    try (section.objects(key) ?? []).map { piece in
      if let special = try piece.object("SpecialToken") {
        return .special(try special.string("id") ?? "", try special.integer("type_id") ?? 0)
      }
      guard let sequence = try piece.object("Sequence") else {
        throw section.unsupported(key, expected: "a list of SpecialToken and Sequence")
      }
      return .sequence(try sequence.string("id") ?? "", try sequence.integer("type_id") ?? 0)
    }
  }

  /// A token of `special_tokens`.
  private func token(
    _ section: JSONObject, _ role: String, _ name: String
  ) throws -> TemplateToken {
    guard let object = try section.object("special_tokens")?.object(name) else {
      throw section.unsupported("special_tokens", expected: "an entry \(name)")
    }
    guard let ids = try object.list("ids"), ids.count == 1, let id = ids[0] as? Int else {
      throw object.unsupported("ids", expected: "a list of one ID")
    }
    guard let tokens = try object.list("tokens"), tokens.count == 1,
      let token = tokens[0] as? String
    else { throw object.unsupported("tokens", expected: "a list of one token") }
    return TemplateToken(role: role, name: token, id: id, object: object, key: "ids")
  }

  /// A token of `BertProcessing`: a list of string and ID.
  private func pair(_ section: JSONObject, _ role: String) throws -> TemplateToken {
    guard let list = try section.list(role), list.count == 2, let name = list[0] as? String,
      let id = list[1] as? Int
    else { throw section.unsupported(role, expected: "a list of a token and its ID") }
    return TemplateToken(role: role, name: name, id: id, object: section, key: role)
  }
}
