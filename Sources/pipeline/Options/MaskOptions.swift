import ArgumentParser
import Corpus

/// How tokens are masked.
struct MaskOptions: ParsableArguments {
  @Option(help: "Share of the tokens that is masked and predicted.")
  var maskProbability = 0.15

  @Option(help: "Seed of the masks.")
  var maskSeed: UInt64 = 1

  @Option(help: "Different masks of each sequence; epoch e uses replica e modulo this.")
  var replicas = 1

  @Flag(help: "Let replicas complement each other: seven of them mask every token once.")
  var complementary = false

  @Option(
    help: """
      Choose tokens with weights count^-exponent; uniform, 0, unless given; DistilBERT took 0.7.
      """)
  var frequencyExponent: Double?

  /// Checks the numbers; what is not a number cannot be compared, and is refused too.
  func validate() throws {
    guard maskProbability >= 1e-6, maskProbability <= 1 else {
      throw ValidationError("--mask-probability \(maskProbability) is not from 0.000001 to 1")
    }
    if let frequencyExponent, !frequencyExponent.isFinite {
      throw ValidationError("--frequency-exponent \(frequencyExponent) is not a finite number")
    }
    guard replicas >= 1 else {
      throw ValidationError("--replicas \(replicas) is not 1 or more")
    }
  }

  /// The words that give these options again, without those that are as usual.
  func arguments(_ recipe: Recipe? = nil) -> [String] {
    var words: [String] = []
    if maskProbability != 0.15 { words += ["--mask-probability", "\(maskProbability)"] }
    if maskSeed != 1 { words += ["--mask-seed", "\(maskSeed)"] }
    if replicas != 1 { words += ["--replicas", "\(replicas)"] }
    if complementary { words.append("--complementary") }
    let exponent = exponent(recipe)
    if exponent != 0 { words += ["--frequency-exponent", "\(exponent)"] }
    return words
  }

  private func exponent(_ recipe: Recipe?) -> Double {
    frequencyExponent ?? (recipe == nil ? 0 : Recipe.frequencyExponent)
  }

  /// The specification for a corpus, by a recipe where one is asked for.
  func specification(
    for corpus: TokenizedCorpus, recipe: Recipe? = nil
  ) -> MaskSpecification {
    let manifest = corpus.manifest
    return MaskSpecification(
      probability: maskProbability, seed: maskSeed, replicas: replicas,
      complementary: complementary, frequencyExponent: exponent(recipe),
      maskTokenID: manifest.specialTokens.mask, vocabSize: manifest.vocabSize,
      specialTokenIDs: manifest.specialTokens.all)
  }
}
