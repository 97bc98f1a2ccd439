/// Whether two programs computed the same.
enum OutputCheck {
  /// Compares values, or throws.
  ///
  /// In fp32 the largest difference counts, next to the largest value; in bf16 that of the whole, by
  /// its Euclidean norm, since single values near 0 have no relative accuracy there.
  ///
  /// - Throws: `ComputeFailure` that names the peer, the outputs, and by how much they differ.
  static func require(
    _ ours: [Float], equal theirs: [Float], _ what: String, _ peer: PeerContender,
    _ ownPrecision: ComputePrecision = .fp32
  ) throws {
    let precision = ComputePrecision.rougher(peer.precision, ownPrecision)
    guard ours.count == theirs.count, !ours.isEmpty else {
      throw ComputeFailure(
        "\(what): ours are \(ours.count) numbers, \(peer.name)'s \(theirs.count)")
    }
    let difference = precision == .fp32 ? largest(ours, theirs) : relative(ours, theirs)
    // A comparison with NaN is false, and NaN is no agreement.
    guard difference <= precision.tolerance else {
      throw ComputeFailure(
        "\(what) differ from \(peer.name)'s by \(difference), more than \(precision.tolerance): "
          + "not timed")
    }
  }

  private static func largest(_ a: [Float], _ b: [Float]) -> Double {
    let difference = zip(a, b).map { Double(($0 - $1).magnitude) }
    guard difference.allSatisfy(\.isFinite) else { return .nan }
    let scale = b.reduce(1) { max($0, Double($1.magnitude)) }
    return (difference.max() ?? 0) / scale
  }

  private static func relative(_ a: [Float], _ b: [Float]) -> Double {
    let difference = zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
    return (difference / b.reduce(0.0) { $0 + Double($1) * Double($1) }).squareRoot()
  }
}
