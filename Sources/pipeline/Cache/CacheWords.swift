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

  /// For example `head 16 + scalars, states int8`.
  var target: String {
    let target = specification.target
    let tail = target.tail.rawValue
    let head = target.headK > 0 ? "head \(target.headK) + \(tail)" : tail
    return specification.states == .none
      ? head : "\(head), states \(specification.states.rawValue)"
  }

  /// Which positions keep a target.
  var positions: String {
    switch specification.positions {
    case .masked: "those that the mask chose"
    case .all: "all of them"
    }
  }
}
