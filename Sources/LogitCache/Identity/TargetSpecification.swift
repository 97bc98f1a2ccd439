/// What a position keeps of the teacher's distribution.
package struct TargetSpecification: Codable, Hashable, Sendable {
  /// What is kept of the tokens that are not among the head.
  package enum Tail: String, Codable, Hashable, Sendable {
    /// Five numbers that give the tail's mass at any temperature from 1 up.
    case scalars
    /// The decoder's input as 8-bit integers: the whole distribution.
    case hidden
    /// Reserved: coefficients in a low-rank basis.
    case lowrank
    /// Reserved: threshold sampling.
    case sampled
  }

  /// Number of largest logits kept, `>= 0`.
  package var headK: Int

  /// Quantisation step of the head's logits; it costs about step²/24 nat of KL.
  package var step: Double

  /// What is kept of the rest.
  package var tail: Tail

  /// A target of those values; `validate` checks them.
  package init(headK: Int, step: Double = 1.0 / 16, tail: Tail) {
    self.headK = headK
    self.step = step
    self.tail = tail
  }

  /// Checks the ranges.
  ///
  /// - Throws: `LogitCacheError.unavailableTarget` or `.invalidSpecification`.
  package func validate(vocabSize: Int) throws {
    switch tail {
    case .lowrank, .sampled: throw LogitCacheError.unavailableTarget(name: tail.rawValue)
    case .scalars where headK == 0:
      throw LogitCacheError.invalidSpecification(
        field: "target.headK", reason: "0, but the tail 'scalars' needs a head of 1 or more")
    case .scalars, .hidden: break
    }
    guard (0...4096).contains(headK), headK < vocabSize else {
      throw LogitCacheError.invalidSpecification(
        field: "target.headK",
        reason: "\(headK), but must be 0 to 4096 and less than the vocabulary of \(vocabSize)")
    }
    guard step >= 1.0 / 1024, step <= 1 else {
      throw LogitCacheError.invalidSpecification(
        field: "target.step", reason: "\(step), but must be 1/1024 to 1")
    }
  }
}

/// How the last hidden states are kept, for the cosine loss.
package enum StateStorage: String, Codable, Hashable, Sendable {
  /// Not at all.
  case none
  /// 8-bit integers with one scale a row.
  case int8
  /// IEEE half precision.
  case fp16
}

/// Which positions keep a soft target.
package enum PositionSelection: String, Codable, Hashable, Sendable {
  /// Those that the mask chose.
  case masked
  /// All of them, special tokens included.
  case all
}
