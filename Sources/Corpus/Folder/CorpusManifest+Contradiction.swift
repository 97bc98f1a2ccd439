extension CorpusManifest {
  /// The first thing in which the manifest contradicts itself or leaves its ranges, or nil.
  func contradiction() -> String? {
    do {
      try options.validate()
    } catch {
      return "\(error)"
    }
    guard (1...Int(Int32.max)).contains(vocabSize) else { return "vocabSize is \(vocabSize)" }
    for id in specialTokens.all where id < 0 || Int(id) >= vocabSize {
      return "the special token ID \(id) is outside the vocabulary of \(vocabSize)"
    }
    return shardContradiction() ?? countContradiction() ?? histogramContradiction()
  }

  /// Sequences of a block, by the rule that all blocks but the last of the corpus are full.
  ///
  /// - Precondition: the shard has the block.
  static func sequences(ofBlock block: Int, in shard: Shard) -> Int {
    precondition((0..<shard.blocks).contains(block), "the shard has no such block")
    return min(
      CorpusLayout.blockSequences, max(shard.sequences, 0) - CorpusLayout.blockSequences * block)
  }

  private func shardContradiction() -> String? {
    guard !shards.isEmpty else { return "it lists no shard" }
    var sum = (sequences: 0, tokens: 0)
    for (index, shard) in shards.enumerated() {
      // The name becomes part of a path, so nothing else may stand there.
      guard shard.name == CorpusLayout.shardName(index) else {
        return "shard \(index) is called '\(shard.name)', not '\(CorpusLayout.shardName(index))'"
      }
      // Blocks of 128; only the last of the corpus may have fewer.
      let full = shard.blocks.multipliedReportingOverflow(by: CorpusLayout.blockSequences)
      let missing = full.partialValue.subtractingReportingOverflow(shard.sequences)
      let most = index + 1 < shards.count ? 0 : CorpusLayout.blockSequences - 1
      guard shard.blocks >= 1, !full.overflow, !missing.overflow,
        (0...most).contains(missing.partialValue),
        shard.tokens >= shard.sequences, shard.tokens / shard.sequences <= maxLength
      else { return "the counts of \(shard.name) do not fit each other" }
      let added = sum.sequences.addingReportingOverflow(shard.sequences)
      let addedTokens = sum.tokens.addingReportingOverflow(shard.tokens)
      guard !added.overflow, !addedTokens.overflow else { return "its counts are too large" }
      sum = (added.partialValue, addedTokens.partialValue)
    }
    guard sum.sequences == sequences else {
      return "its shards have \(sum.sequences) sequences, it says \(sequences)"
    }
    guard sum.tokens == tokens else {
      return "its shards have \(sum.tokens) tokens, it says \(tokens)"
    }
    return nil
  }

  private func countContradiction() -> String? {
    for (name, count) in [
      ("documents", documents), ("emptyDocuments", emptyDocuments),
      ("unknownTokens", unknownTokens), ("repairedUTF8", repairedUTF8),
      ("badLines", badLines ?? 0), ("duplicateDocuments", duplicateDocuments ?? 0),
      ("droppedTokens", droppedTokens ?? 0),
    ] where count < 0 {
      return "\(name) is \(count)"
    }
    for source in sources where source.bytes < 0 {
      return "the source '\(source.name)' has \(source.bytes) bytes"
    }
    return unknownTokens <= tokens
      ? nil : "unknownTokens is \(unknownTokens), more than its \(tokens) tokens"
  }

  private func histogramContradiction() -> String? {
    guard lengthHistogram.count == maxLength + 1 else {
      return "its length histogram has \(lengthHistogram.count) numbers, not \(maxLength + 1)"
    }
    var sum = (sequences: 0, tokens: 0)
    for (length, count) in lengthHistogram.enumerated() {
      guard count >= 0, count <= sequences else { return "its length histogram is out of range" }
      // Both sums are bounded: count <= sequences <= tokens, at most maxLength + 1 terms.
      let tokens = count.multipliedReportingOverflow(by: length)
      let total = sum.tokens.addingReportingOverflow(tokens.partialValue)
      let number = sum.sequences.addingReportingOverflow(count)
      guard !tokens.overflow, !total.overflow, !number.overflow else {
        return "its length histogram is out of range"
      }
      sum = (number.partialValue, total.partialValue)
    }
    return sum == (sequences, tokens)
      ? nil : "its length histogram does not add up to its sequences and tokens"
  }
}
