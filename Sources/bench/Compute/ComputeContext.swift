import Foundation

/// What all comparisons share.
struct ComputeContext {
  let plan: ComputePlan
  let text: ComputeText
  let models: ComputeModels
  let scratch: ScratchFolder
  /// nil without a Python that has the peers.
  let peers: PeerProcess?

  /// Peers that can be made; why one cannot is an error of the comparison.
  func peers(_ make: (PeerProcess) throws -> [PeerContender]) rethrows -> [PeerContender] {
    try peers.map(make) ?? []
  }

  /// Measures in rounds, and gives the rates of ours, of each peer, and of the product.
  func measure(
    _ ours: any Contender, _ peers: [PeerContender], _ precision: ComputePrecision
  ) throws -> (ours: Double, peers: [Double], ceiling: Double) {
    let ceiling = ProductCeiling(precision)
    let rates = try Rounds.medians([ours] + peers + [ceiling], rounds: plan.rounds)
    return (rates[0], Array(rates.dropFirst().prefix(peers.count)), rates[rates.count - 1])
  }

  /// The row of our share of the product's rate.
  func share(
    _ work: String, _ precision: ComputePrecision, operations: Double, ceiling: Double,
    toReach: Double
  ) -> ComputeRow {
    ComputeRow(
      work: work, precision: precision, unit: "GFLOP/s",
      ours: 1e-9 * operations, peer: "product ceiling", peerValue: 1e-9 * ceiling,
      toReach: .atLeast(toReach))
  }
}
