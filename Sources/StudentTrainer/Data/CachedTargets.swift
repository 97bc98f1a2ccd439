import Foundation
import LogitCache

/// Turns rows of a cache into the soft targets of a batch, at the run's temperature.
struct CachedTargets: Sendable {
  /// True where the soft-target loss has a weight.
  let wantsSoft: Bool
  /// True where the cosine loss has a weight.
  let wantsStates: Bool
  /// What of a block is decoded.
  let readOptions: ReadOptions
  private let beta: Double
  private let hiddenSize: Int
  /// The teacher's output layer, where the tail is `hidden` and the loss has a weight.
  private let decoder: TeacherDecoder?

  /// Checks that the cache holds what the losses need, and reads the output layer.
  ///
  /// - Throws: `StudentTrainerError.missingTargets` or `.invalidConfiguration`; what reading throws.
  init(reader: CacheReader, configuration: TrainingConfiguration) throws {
    let specification = reader.specification
    wantsSoft = configuration.alphaCE > 0
    wantsStates = configuration.alphaCos > 0
    beta = 1 / configuration.temperature
    hiddenSize = specification.teacher.hiddenSize
    if wantsStates && specification.states == .none {
      throw StudentTrainerError.missingTargets(
        loss: "the cosine loss (alphaCos \(configuration.alphaCos))",
        reason: "the cache keeps no hidden states; make one that does, or set alphaCos to 0")
    }
    let isHidden = specification.target.tail == .hidden
    if wantsSoft {
      try Self.check(specification, configuration: configuration)
    }
    readOptions = ReadOptions(
      headK: configuration.headK, wantsHead: wantsSoft && !isHidden, wantsTail: wantsSoft,
      wantsStates: wantsStates)
    guard wantsSoft && isHidden else {
      decoder = nil
      return
    }
    let table = try reader.readDecoder()
    decoder = TeacherDecoder(weight: table.weight, bias: table.bias, hiddenSize: hiddenSize)
  }

  private static func check(
    _ specification: CacheSpecification, configuration: TrainingConfiguration
  ) throws {
    let loss = "the soft-target loss (alphaCE \(configuration.alphaCE))"
    if specification.target.tail == .hidden {
      if let tail = configuration.tail, tail != .full {
        throw StudentTrainerError.missingTargets(
          loss: loss,
          reason: "tail '\(tail.rawValue)' was asked for, but a cache with the tail 'hidden' gives "
            + "whole distributions; ask for 'full', or make a cache with the tail 'scalars'")
      }
      return
    }
    if configuration.tail == .full {
      throw StudentTrainerError.missingTargets(
        loss: loss,
        reason: "whole distributions were asked for, but the cache keeps "
          + "\(specification.target.headK) IDs and their tail's mass; ask for 'bucket', or make a "
          + "cache with the tail 'hidden'")
    }
    guard configuration.temperature >= 1 else {
      throw StudentTrainerError.invalidConfiguration(
        field: "temperature", value: "\(configuration.temperature)",
        allowed: "1 or more with a cache whose tails are 'scalars'")
    }
    if let k = configuration.headK, k > specification.target.headK {
      throw StudentTrainerError.invalidConfiguration(
        field: "headK", value: "\(k)",
        allowed: "at most the \(specification.target.headK) IDs that the cache keeps")
    }
  }

  /// Collects the targets of one batch.
  func collector() -> Collector { Collector(targets: self) }

  /// The targets of one batch, row by row.
  struct Collector {
    private let targets: CachedTargets
    private var heads = HeadTargets()
    private var inputs: [Float] = []
    private var inputCount = 0
    private var stateRows: [Int32] = []
    private var states: [Float] = []

    fileprivate init(targets: CachedTargets) { self.targets = targets }

    /// Adds what the cache keeps of a row, for a token of the batch.
    mutating func append(_ block: SoftTargetBlock, row: Int, token: Int32) {
      let width = targets.hiddenSize
      if targets.decoder != nil {
        inputs.append(contentsOf: Self.copy(width) { block.parts[0].copyHiddenRow(row, into: $0) })
        inputCount += 1
      } else if targets.wantsSoft {
        appendHead(block, row: row)
      }
      if targets.wantsStates {
        states.append(contentsOf: Self.copy(width) { block.copyState(row, into: $0) })
        stateRows.append(token)
      }
    }

    private static func copy(
      _ width: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void
    ) -> [Float] {
      [Float](unsafeUninitializedCapacity: width) { buffer, count in
        buffer.initialize(repeating: 0)
        fill(buffer)
        count = width
      }
    }

    /// p_i = exp(beta z_i - A) and m_p = exp(a(beta) - A), with A over head and tail together.
    private mutating func appendHead(_ block: SoftTargetBlock, row: Int) {
      let block = block.parts[0]
      let range = row * block.headK..<(row + 1) * block.headK
      let scaled = block.headLogits[range].map { targets.beta * Double($0) }
      let tail = block.tailPartition(row).logPartition(beta: targets.beta)
      let most = max(scaled.max() ?? tail, tail)
      let sum = scaled.reduce(exp(tail - most)) { $0 + exp($1 - most) }
      let logZ = most + log(sum)
      heads.append(
        ids: block.headIDs[range], probabilities: scaled.map { Float(exp($0 - logZ)) },
        tailMass: Float(exp(tail - logZ)))
    }

    /// The soft targets and states.
    func finish() -> (SoftTargets, TeacherStates?) {
      let states =
        targets.wantsStates
        ? TeacherStates(rows: stateRows, hiddenSize: targets.hiddenSize, values: states) : nil
      if let decoder = targets.decoder {
        let soft = DecoderTargets(decoder: decoder, count: inputCount, inputs: inputs)
        return (.decoderInputs(soft), states)
      }
      return (targets.wantsSoft ? .heads(heads) : .none, states)
    }
  }
}
