package import Corpus
package import Kernels
package import LogitCache
package import Transformer

extension CacheSpecification {
  /// The cache of a teacher on a corpus.
  ///
  /// - Parameters:
  ///   - teacher: The teacher's shape.
  ///   - weightDigest: SHA-256 of its weights.
  ///   - corpus: What it reads.
  ///   - masks: How that is corrupted.
  ///   - positions: Which positions keep a target.
  ///   - target: What they keep.
  ///   - otherTarget: What positions keep that the mask did not choose; nil for the same.
  ///   - otherShare: For the positions `masked+share`, the share of the others.
  ///   - states: How hidden states are kept.
  ///   - stateLayers: The layers whose states are kept, 0 the embeddings; nil for the last alone.
  ///   - auditRowsPerShard: Rows of each shard that keep their full logits.
  ///   - precision: What the teacher's products multiply.
  /// - Throws: an encoding error for numbers that are not finite.
  package init(
    teacher: EncoderConfiguration, weightDigest: String, corpus: CorpusManifest,
    masks: MaskSpecification, positions: PositionSelection, target: TargetSpecification,
    otherTarget: TargetSpecification? = nil, otherShare: Double? = nil, states: StateStorage,
    stateLayers: [Int]? = nil, auditRowsPerShard: Int, precision: Precision = .fp32
  ) throws {
    self.init(
      tokenizerDigest: corpus.tokenizerDigest, vocabSize: corpus.vocabSize,
      corpusDigest: corpus.digest, sequences: corpus.sequences,
      blocksPerShard: corpus.shards.map(\.blocks), corpusShards: corpus.shards.map(\.digest),
      weightingCorpus: masks.frequencyExponent > 0 ? corpus.digest : nil,
      teacher: Teacher(
        configurationDigest: try PlainValue(encoding: teacher).digest(),
        weightDigest: weightDigest, architecture: teacher.architecture.rawValue,
        hiddenSize: teacher.hiddenSize, layers: teacher.numHiddenLayers,
        embeddingSize: teacher.embeddingSize),
      precision: precision.rawValue, mask: try PlainValue(encoding: masks),
      replicas: masks.replicas,
      positions: positions, target: target, otherTarget: otherTarget, otherShare: otherShare,
      states: states, stateLayers: stateLayers, auditRowsPerShard: auditRowsPerShard)
  }
}
