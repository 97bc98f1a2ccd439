import ArgumentParser
import LogitCache

/// What positions keep of the teacher.
struct TargetOptions: ParsableArguments {
  @OptionGroup var chosen: PositionOptions

  @Option(help: "k: the largest logits that are kept by themselves; 16 with lowrank, else 64.")
  var head: Int?

  @Option(
    help: ArgumentHelp(
      """
      What is kept of the rest: lowrank (its shape, and its mass at any temperature), scalars (its \
      mass alone), or hidden (the decoder's input in 8 bits, so the whole distribution; --head is \
      then 0 unless given).
      """))
  var tail = TargetSpecification.Tail.lowrank

  @Option(
    help: ArgumentHelp(
      """
      r: coefficients of the tail lowrank; 64 unless given, at most the width of the teacher's \
      decoder (its hidden size, ALBERT's embedding size).
      """))
  var rank: Int?

  @Option(
    help: ArgumentHelp(
      "For positions that the mask did not choose, another head …", valueName: "k"))
  var otherHead: Int?

  @Option(help: ArgumentHelp("… and another tail.", valueName: "tail"))
  var otherTail: TargetSpecification.Tail?

  @Option(
    help: ArgumentHelp(
      "Hidden states for the losses on them: none, int8, fp16, bf16 or shared.",
      valueName: "format"))
  var states = StateStorage.int8

  @Option(
    help: ArgumentHelp(
      """
      Teacher layers whose states are kept, such as 2,4,6, 0 being the embeddings; unless given the \
      last alone, which is what the cosine loss takes.
      """, valueName: "list"))
  var stateLayers: LayerList?

  @Option(help: "Positions of each shard that keep their full logits, to measure fidelity.")
  var auditRows = usualAuditRows

  /// Rows of each shard that keep their full logits where nothing else is said.
  static let usualAuditRows = 4

  /// What the positions keep that the mask chose.
  func target(inputSize: Int) -> TargetSpecification {
    Self.target(tail, head: head, rank: rank, inputSize: inputSize)
  }

  /// What the others keep; nil for the same.
  func otherTarget(inputSize: Int) -> TargetSpecification? {
    guard otherHead != nil || otherTail != nil else { return nil }
    return Self.target(
      otherTail ?? tail, head: otherHead ?? head, rank: rank, inputSize: inputSize)
  }

  func validate() throws {
    if stateLayers != nil && (states == .none || states == .shared) {
      throw ValidationError(
        "--state-layers keeps states of their own: give --states int8, fp16 or bf16")
    }
    if chosen.positions == .masked, otherHead != nil || otherTail != nil {
      throw ValidationError(
        "--other-head and --other-tail are for --positions all or masked+share")
    }
  }

  private static func target(
    _ tail: TargetSpecification.Tail, head: Int?, rank: Int?, inputSize: Int
  ) -> TargetSpecification {
    let usual =
      switch tail {
      case .hidden, .sampled: 0
      case .lowrank: 16
      case .scalars: 64
      }
    return TargetSpecification(
      headK: head ?? usual, tail: tail, rank: rank ?? min(64, inputSize))
  }
}

/// Numbers of layers, ascending.
struct LayerList: ExpressibleByArgument, CustomStringConvertible {
  /// The numbers.
  let layers: [Int]

  /// The spelling.
  var description: String { layers.map { "\($0)" }.joined(separator: ",") }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    layers = parts.compactMap { Int($0) }.sorted()
    guard layers.count == parts.count, Set(layers).count == layers.count,
      layers.allSatisfy({ $0 >= 0 })
    else { return nil }
  }
}

extension PositionSelection: ExpressibleByArgument {}
extension TargetSpecification.Tail: ExpressibleByArgument {}
extension StateStorage: ExpressibleByArgument {}
