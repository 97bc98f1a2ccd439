import ArgumentParser
import StudentTrainer

/// The parts of the loss.
struct LossOptions: ParsableArguments {
  @Option(
    help: """
      Weight of T² times the divergence from the teacher's soft targets: a number, or a schedule \
      over the run: linear:FROM:TO, cosine:FROM:TO, or wsd:PEAK:WARMUP:DECAY[:END] with shares of \
      the steps.
      """)
  var klWeight: Schedule?

  @Option(help: "Weight of the masked tokens' cross entropy: a number or a schedule.")
  var mlmWeight: Schedule?

  @Option(
    help: """
      Weight of one minus the cosine of the last hidden states: a number or a schedule. Where it is \
      given, a learned projection joins states of different sizes.
      """)
  var cosineWeight: Schedule?

  @Option(
    help: "T of the soft targets: a number, or a schedule such as linear:4:1 (see --kl-weight).")
  var temperature: Schedule?

  @Option(
    help: """
      A loss between inner hidden states, by --hidden-map: cosine (one minus it) or mse (squared \
      difference, mean over positions and dimensions); the sum over the pairs.
      """)
  var hiddenLoss: HiddenLoss.Kind?

  @Option(help: "Weight of the hidden-state loss: a number or a schedule; 1 unless given.")
  var hiddenWeight: Schedule?

  @Option(
    help: ArgumentHelp(
      """
      Layers of the hidden-state loss, student:teacher, such as 1:2,3:6, 0 being the embeddings; \
      unless given each layer of the student with the teacher's at the same share of the depth.
      """, valueName: "map"))
  var hiddenMap: LayerMap?

  @Flag(
    help: """
      Compare the student's states through learned projections, also where sizes are equal; they \
      are left out of the exported student.
      """)
  var projectStates = false

  @Option(
    help: ArgumentHelp(
      """
      Soft targets and states only at this share of each batch's positions, those where the \
      teacher's entropy is highest; the cross entropy stays on the masked ones.
      """, valueName: "share"))
  var positionsTopEntropy: Double?

  @Option(
    help: ArgumentHelp(
      "What becomes of the mass outside the kept IDs: bucket, shaped, uniform, renormalise or full."
    ))
  var tail: TailTreatment?

  @Option(
    help: ArgumentHelp(
      "What the soft-target loss measures: forward (teacher to student KL), reverse, or "
        + "jensen-shannon."))
  var divergence = Divergence.forward

  @Option(help: "Use only this many of the IDs that the cache keeps.")
  var head: Int?

  @Option(help: "Use only this many of the coefficients of a cache's tail 'lowrank'.")
  var rank: Int?

  func validate() throws {
    if hiddenLoss == nil && (hiddenWeight != nil || hiddenMap != nil) {
      throw ValidationError("--hidden-weight and --hidden-map need --hidden-loss cosine or mse")
    }
    if let share = positionsTopEntropy, !(share > 0 && share <= 1) {
      throw ValidationError("--positions-top-entropy \(share) is not above 0, at most 1")
    }
  }

  /// Puts what was given over the defaults of `configuration`; a hidden-state loss without a map has
  /// no pair yet.
  func apply(to configuration: inout TrainingConfiguration) {
    configuration.hidden = hiddenLoss.map {
      HiddenLoss(kind: $0, weight: 1, pairs: hiddenMap?.pairs ?? [])
    }
    if let klWeight { configuration.set(klWeight, for: \.alphaCE) }
    if let mlmWeight { configuration.set(mlmWeight, for: \.alphaMLM) }
    if let cosineWeight { configuration.set(cosineWeight, for: \.alphaCos) }
    if let temperature { configuration.set(temperature, for: \.temperature) }
    if let hiddenWeight { configuration.set(hiddenWeight, for: \.hidden) }
    configuration.positionsTopEntropy = positionsTopEntropy
    configuration.tail = tail
    configuration.headK = head
    configuration.rank = rank
    configuration.divergence = divergence
  }

  /// Writes out what a configuration made of these options.
  func resolve(_ configuration: TrainingConfiguration, into options: inout ResolvedOptions) {
    options.set("kl-weight", configuration.schedule(\.alphaCE))
    options.set("mlm-weight", configuration.schedule(\.alphaMLM))
    options.set("cosine-weight", configuration.schedule(\.alphaCos))
    options.set("temperature", configuration.schedule(\.temperature))
    guard let hidden = configuration.hidden else { return }
    options.set("hidden-weight", configuration.schedule(\.hidden))
    options.set("hidden-map", hidden.pairs.map(\.description).joined(separator: ","))
  }
}

/// Pairs of layers, student:teacher.
struct LayerMap: ExpressibleByArgument, CustomStringConvertible {
  /// The pairs, in order.
  let pairs: [HiddenLoss.Pair]

  /// The spelling.
  var description: String { pairs.map(\.description).joined(separator: ",") }

  init?(argument: String) {
    guard let pairs = HiddenLoss.pairs(argument) else { return nil }
    self.pairs = pairs
  }
}

extension Schedule: ExpressibleByArgument {}
extension HiddenLoss.Kind: ExpressibleByArgument {}
extension TailTreatment: ExpressibleByArgument {}
extension Divergence: ExpressibleByArgument {}
