import ArgumentParser
import StudentTrainer

/// The parts of the loss.
struct LossOptions: ParsableArguments {
  @Option(help: "Weight of T² times the divergence from the teacher's soft targets.")
  var klWeight: Double?

  @Option(help: "Weight of the masked tokens' cross entropy.")
  var mlmWeight: Double?

  @Option(help: "Weight of one minus the cosine of the last hidden states.")
  var cosineWeight: Double?

  @Option(help: "T of the soft targets.")
  var temperature: Double?

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

  /// Puts what was given over the defaults of `configuration`.
  func apply(to configuration: inout TrainingConfiguration) {
    if let klWeight { configuration.alphaCE = klWeight }
    if let mlmWeight { configuration.alphaMLM = mlmWeight }
    if let cosineWeight { configuration.alphaCos = cosineWeight }
    if let temperature { configuration.temperature = temperature }
    configuration.tail = tail
    configuration.headK = head
    configuration.rank = rank
    configuration.divergence = divergence
  }

  /// Writes out what a configuration made of these options.
  func resolve(_ configuration: TrainingConfiguration, into options: inout ResolvedOptions) {
    options.set("kl-weight", configuration.alphaCE)
    options.set("mlm-weight", configuration.alphaMLM)
    options.set("cosine-weight", configuration.alphaCos)
    options.set("temperature", configuration.temperature)
  }
}

extension TailTreatment: ExpressibleByArgument {}
extension Divergence: ExpressibleByArgument {}
