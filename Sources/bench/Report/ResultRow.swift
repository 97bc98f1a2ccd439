/// One measured figure, and the peer's where there is one.
struct ResultRow: Encodable {
  /// What was measured.
  let name: String
  /// Unit of both values.
  let unit: String
  /// The median here.
  let ours: Double
  /// Who else does it.
  var peer: String?
  /// The peer's median.
  var peerValue: Double?

  /// Ours over the peer's; above 1 is faster.
  var ratio: Double? { peerValue.map { ours / $0 } }

  /// The row with a peer, where its value is known.
  func against(_ peer: String, _ value: Double?) -> ResultRow {
    guard let value else { return self }
    return ResultRow(name: name, unit: unit, ours: ours, peer: peer, peerValue: value)
  }

  private enum CodingKeys: String, CodingKey {
    case name, unit, ours, peer
    case peerValue = "peer_value"
    case ratio
  }

  /// Writes every field; what is not known is null.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(unit, forKey: .unit)
    try container.encode(ours, forKey: .ours)
    try container.encode(peer, forKey: .peer)
    try container.encode(peerValue, forKey: .peerValue)
    try container.encode(ratio, forKey: .ratio)
  }
}
