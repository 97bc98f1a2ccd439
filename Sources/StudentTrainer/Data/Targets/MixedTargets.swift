/// Targets of several kinds in one batch, for example rich ones at masked positions and thin ones at
/// the others.
package struct MixedTargets: Sendable {
  /// The kinds: neither `none` nor `mixed`.
  package let parts: [SoftTargets]
  /// The part of each target.
  package let partOf: [Int32]
  /// Its index in that part, rising one by one within a part.
  package let indexOf: [Int32]

  /// Targets from their parts.
  ///
  /// - Parameters:
  ///   - parts: The kinds.
  ///   - partOf: The part of each target; those of a part are in the part's order.
  /// - Precondition: each part has as many targets as name it.
  package init(parts: [SoftTargets], partOf: [Int32]) {
    var next = [Int32](repeating: 0, count: parts.count)
    var indexOf: [Int32] = []
    indexOf.reserveCapacity(partOf.count)
    for part in partOf {
      precondition(part >= 0 && Int(part) < parts.count, "part \(part) of \(parts.count)")
      indexOf.append(next[Int(part)])
      next[Int(part)] += 1
    }
    for (part, count) in zip(parts, next) {
      precondition(part.count == Int(count), "\(count) rows for \(part.count) targets of a part")
      switch part {
      case .none, .mixed: preconditionFailure("a part that is no kind of its own")
      default: break
      }
    }
    self.parts = parts
    self.partOf = partOf
    self.indexOf = indexOf
  }

  /// Number of targets.
  package var count: Int { partOf.count }

  /// The targets of each part among `range`, as ranges of the parts' own indexes.
  func ranges(_ range: Range<Int>) -> [Range<Int>] {
    var ranges = [Range<Int>](repeating: 0..<0, count: parts.count)
    for target in range {
      let (part, index) = (Int(partOf[target]), Int(indexOf[target]))
      let lower = ranges[part].isEmpty ? index : ranges[part].lowerBound
      ranges[part] = lower..<index + 1
    }
    return ranges
  }
}
