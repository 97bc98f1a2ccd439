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

  /// Orders by how often the teacher puts a token among a row's first ones, and by how often the
  /// corpus has it: by the sum of both shares.
  ///
  /// - Parameters:
  ///   - samples: Counts in samples of rows, `[vocab]` each.
  ///   - corpusCounts: Counts in the corpus, `[vocab]`.
  package init(samples: [[UInt32]], corpusCounts: [UInt64]) {
    let lists = samples.map { $0.map(Double.init) } + [corpusCounts.map(Double.init)]
    var shares = [Double](repeating: 0, count: corpusCounts.count)
    for list in lists {
      let total = max(list.reduce(0, +), 1)
      for (token, count) in list.enumerated() { shares[token] += count / total }
    }
    let order = shares.indices.sorted {
      shares[$0] != shares[$1] ? shares[$0] > shares[$1] : $0 < $1
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
