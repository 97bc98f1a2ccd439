/// A renumbering of the vocabulary, so that frequent tokens have small numbers.
package struct IDOrder: Sendable, Equatable {
  /// The token ID of each rank; a permutation of `0 ..< vocabSize`.
  package let tokenOfRank: [Int32]

  /// The rank of each token ID.
  package let rankOfToken: [Int32]

  /// Orders by descending count, ties by the lower token ID.
  ///
  /// - Parameter counts: How often each token ID occurs; one entry a token ID.
  package init(counts: [UInt64]) {
    let order = counts.indices.sorted {
      counts[$0] != counts[$1] ? counts[$0] > counts[$1] : $0 < $1
    }
    self.init(unchecked: order.map(Int32.init))
  }

  /// Takes an order as it is, or gives nil where it is not a permutation.
  package init?(tokenOfRank: [Int32]) {
    var isSeen = [Bool](repeating: false, count: tokenOfRank.count)
    for token in tokenOfRank {
      guard isSeen.indices.contains(Int(token)), !isSeen[Int(token)] else { return nil }
      isSeen[Int(token)] = true
    }
    self.init(unchecked: tokenOfRank)
  }

  private init(unchecked tokenOfRank: [Int32]) {
    self.tokenOfRank = tokenOfRank
    var ranks = [Int32](repeating: 0, count: tokenOfRank.count)
    for (rank, token) in tokenOfRank.enumerated() { ranks[Int(token)] = Int32(rank) }
    rankOfToken = ranks
  }
}
