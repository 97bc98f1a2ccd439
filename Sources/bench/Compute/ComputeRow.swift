/// A figure of the compute benchmark, with what it is compared with and what it has to reach.
struct ComputeRow: Encodable {
  /// What was done.
  let work: String
  /// Arithmetic that the row is about.
  let precision: ComputePrecision
  /// Unit of both values.
  let unit: String
  /// Our median.
  let ours: Double
  /// Who else does it, or what else it is compared with.
  var peer: String?
  /// The other's median.
  var peerValue: Double?
  /// Ours by the other's.
  var ratio: Double? { peerValue.map { ours / $0 } }
  /// What the ratio has to be.
  var toReach: Bound?

  /// A limit of a ratio.
  enum Bound {
    case atLeast(Double)
    case atMost(Double)

    /// Whether a ratio keeps it.
    func holds(_ ratio: Double) -> Bool {
      switch self {
      case .atLeast(let limit): ratio >= limit
      case .atMost(let limit): ratio <= limit
      }
    }
  }

  private enum CodingKeys: String, CodingKey {
    case work, precision, unit, ours, peer, peerValue, ratio, atLeast, atMost
  }

  /// Writes every field; what is not known is null.
  func encode(to encoder: any Encoder) throws {
    var (atLeast, atMost): (Double?, Double?) = (nil, nil)
    switch toReach {
    case .atLeast(let limit): atLeast = limit
    case .atMost(let limit): atMost = limit
    case nil: break
    }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(work, forKey: .work)
    try container.encode(precision, forKey: .precision)
    try container.encode(unit, forKey: .unit)
    try container.encode(ours, forKey: .ours)
    try container.encode(peer, forKey: .peer)
    try container.encode(peerValue, forKey: .peerValue)
    try container.encode(ratio, forKey: .ratio)
    try container.encode(atLeast, forKey: .atLeast)
    try container.encode(atMost, forKey: .atMost)
  }
}
