/// What determines the masks of masked language modelling, together with a sequence's own IDs.
///
/// Part of a logit cache's fingerprint: two equal specifications give equal masks for equal
/// sequences on every machine.
package struct MaskSpecification: Codable, Hashable, Sendable {
  /// Share of the non-special tokens of a sequence that is predicted, in (0, 1]; BERT: 0.15.
  package var probability: Double
  /// Share of the chosen tokens that becomes `[MASK]`; BERT: 0.8.
  package var maskShare: Double
  /// Share of the chosen tokens that becomes a random token; BERT: 0.1. The rest stays as it is.
  package var randomShare: Double
  /// Any number; another seed gives other masks.
  package var seed: UInt64
  /// Number of corruptions of each sequence, 1 or more; the trainer visits replica = epoch mod this.
  package var replicas: Int
  /// Whether consecutive replicas are slices of one order, so that `sliceCount` of them choose each
  /// non-special token exactly once.
  package var complementary: Bool
  /// Tokens are chosen with weights count^-exponent; 0 is uniform, DistilBERT: 0.7.
  package var frequencyExponent: Double
  /// The ID of `[MASK]`.
  package var maskTokenID: Int32
  /// Number of IDs of the vocabulary.
  package var vocabSize: Int
  /// IDs that are never chosen and never put in place of another.
  package var specialTokenIDs: [Int32]

  /// Creates a specification; the defaults are BERT's.
  ///
  /// Nothing is checked here, since a specification may come from a file: `Masker.init` does.
  package init(
    probability: Double = 0.15, maskShare: Double = 0.8, randomShare: Double = 0.1,
    seed: UInt64, replicas: Int = 1, complementary: Bool = false, frequencyExponent: Double = 0,
    maskTokenID: Int32, vocabSize: Int, specialTokenIDs: [Int32]
  ) {
    self.probability = probability
    self.maskShare = maskShare
    self.randomShare = randomShare
    self.seed = seed
    self.replicas = replicas
    self.complementary = complementary
    self.frequencyExponent = frequencyExponent
    self.maskTokenID = maskTokenID
    self.vocabSize = vocabSize
    self.specialTokenIDs = specialTokenIDs
  }

  /// BERT's masks for the vocabulary of a corpus.
  package init(corpus: CorpusManifest, seed: UInt64, replicas: Int = 1) {
    self.init(
      seed: seed, replicas: replicas, maskTokenID: corpus.specialTokens.mask,
      vocabSize: corpus.vocabSize, specialTokenIDs: corpus.specialTokens.all)
  }

  /// Number of complementary replicas that together choose every token once: ceil(1 / probability).
  ///
  /// - Precondition: the specification is valid.
  package var sliceCount: Int {
    Int((1 / probability).rounded(.up))
  }

  /// Checks every value against its range; `Masker.init` does it too.
  ///
  /// - Throws: `CorpusError.invalidOption` for the first that is out of it.
  package func validate() throws {
    func require(_ holds: Bool, _ name: String, _ value: Any, _ allowed: String) throws {
      guard holds else {
        throw CorpusError.invalidOption(name: name, value: "\(value)", allowed: allowed)
      }
    }
    let ids = 0..<Int32(clamping: vocabSize)
    // The lower bound keeps sliceCount a sensible integer.
    try require(
      probability >= 1e-6 && probability <= 1, "mask probability", probability,
      "from 0.000001 to 1")
    try require(
      maskShare >= 0 && randomShare >= 0 && maskShare + randomShare <= 1 + 1e-9,
      "mask and random share", "\(maskShare) and \(randomShare)", "0 or more, together at most 1")
    try require(replicas >= 1, "mask replicas", replicas, "1 or more")
    try require(
      frequencyExponent >= 0 && frequencyExponent <= 10, "mask frequency exponent",
      frequencyExponent, "from 0 to 10")
    try require(
      vocabSize >= 1 && vocabSize <= Int(Int32.max), "vocabulary size", vocabSize, "1 or more")
    try require(
      ids.contains(maskTokenID), "mask token ID", maskTokenID, "an ID of the vocabulary")
    for id in specialTokenIDs {
      try require(ids.contains(id), "special token ID", id, "an ID of the vocabulary")
    }
    try require(
      Set(specialTokenIDs).count < vocabSize, "special token IDs", specialTokenIDs.count,
      "fewer than the vocabulary")
  }
}
