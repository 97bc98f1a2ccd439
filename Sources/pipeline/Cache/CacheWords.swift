import Console
import LogitCache

/// What a specification says, in a few words.
struct CacheWords {
  let specification: CacheSpecification

  /// The first digits of a digest.
  static func short(_ digest: String) -> String { String(digest.prefix(12)) }

  /// For example `bert 6×384 0a1b2c3d`.
  var teacher: String {
    let teacher = specification.teacher
    return "\(teacher.architecture) \(teacher.layers)×\(teacher.hiddenSize) "
      + teacher.weightDigest.prefix(8)
  }

  /// For example `head 16 + lowrank 64, states int8`.
  var target: String {
    var words = Self.text(specification.target)
    if let other = specification.otherTarget { words += "; others " + Self.text(other) }
    guard specification.states != .none else { return words }
    words += ", states \(specification.states.rawValue)"
    guard let layers = specification.stateLayers else { return words }
    return words + " of layers " + layers.map { "\($0)" }.joined(separator: ",")
  }

  /// Which positions keep a target.
  var positions: String {
    switch specification.positions {
    case .masked: "those that the mask chose"
    case .all: "all of them"
    case .maskedAndShare:
      "those that the mask chose, and \(Format.percent(specification.otherShare ?? 1)) of the others"
    }
  }

  private static func text(_ target: TargetSpecification) -> String {
    let tail =
      switch target.tail {
      case .scalars, .hidden: target.tail.rawValue
      case .lowrank: "lowrank \(target.rank ?? 0)"
      case .sampled: "sampled below \(target.threshold ?? 0)"
      }
    return target.headK > 0 ? "head \(target.headK) + \(tail)" : tail
  }
}
