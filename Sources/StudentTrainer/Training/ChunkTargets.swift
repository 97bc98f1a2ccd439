import Foundation
import Kernels

/// The soft targets of a chunk of rows, with the teacher's logits that were made for them.
struct ChunkTargets {
  /// Targets of one kind.
  struct Part {
    let targets: SoftTargets
    /// Index of the chunk's first target among `targets`.
    let first: Int
    /// The teacher's logits from there on, where the loss needs them.
    let teacher: Matrix?
  }

  /// Floats that a thread needs for `loss`.
  let scratchCount: Int
  let parts: [Part]
  let mixed: MixedTargets?
  let temperature: Double
  private let tail: TailTreatment?

  /// Makes what the targets `range` need.
  ///
  /// - Parameters:
  ///   - targets: Those of a batch, checked.
  ///   - range: The chunk's targets.
  ///   - temperature: T.
  ///   - tail: What becomes of the tail; nil is the best of each kind.
  ///   - scratch: Holds the teacher's logits until the next chunk begins.
  ///   - rowSize: The vocabulary where `row(of:)` will be asked for, even of heads; nil for `loss`.
  init(
    _ targets: SoftTargets, _ range: Range<Int>, temperature: Double, tail: TailTreatment? = nil,
    scratch: TeacherScratch, rowSize: Int? = nil
  ) {
    self.tail = tail
    self.temperature = temperature
    var parts = [(targets, range)]
    if case .mixed(let targets) = targets {
      mixed = targets
      parts = Array(zip(targets.parts, targets.ranges(range)))
    } else {
      mixed = nil
    }
    scratch.begin(
      rows: range.count, vocabSize: parts.reduce(rowSize ?? 0) { max($0, $1.0.scratchRowSize) })
    self.parts = parts.map { targets, range in
      Part(
        targets: targets, first: range.lowerBound,
        teacher: Self.teacher(
          targets, range, tail: tail, temperature: temperature, scratch: scratch, rowSize: rowSize))
    }
    scratchCount = parts.reduce(1) { max($0, $1.0.scratchCount) }
  }

  private static func teacher(
    _ targets: SoftTargets, _ range: Range<Int>, tail: TailTreatment?, temperature: Double,
    scratch: TeacherScratch, rowSize: Int?
  ) -> Matrix? {
    switch targets {
    case .none, .sampled, .mixed:
      return nil
    case .heads:
      return rowSize.map { scratch.take(rows: range.count, vocabSize: $0) }
    case .ensemble(let targets):
      return mean(of: targets, range, temperature: temperature, scratch: scratch)
    case .logits(let targets):
      return targets.matrix.rows(range)
    case .decoderInputs(let targets):
      return scratch.logits(of: targets.decoder, targets.inputs, range)
    case .shaped(let targets):
      // The tail's mass at T = 1 and 2 is at hand; every other use needs its shape.
      if tail?.kernel != nil && (temperature == 1 || temperature == 2) { return nil }
      return scratch.logits(of: targets.decoder, targets.inputs, range)
    }
  }

  /// The losses of one row, whose logits are replaced by their gradient.
  ///
  /// - Parameters:
  ///   - target: Index of its soft target in the batch.
  ///   - row: Student logits.
  ///   - options: Temperature, weights and label.
  ///   - scratch: `scratchCount` floats of this thread.
  /// - Returns: Both losses, unweighted.
  func loss(
    _ target: Int, row: UnsafeMutableBufferPointer<Float>, options: SoftTargetLossKernels.Options,
    scratch: UnsafeMutableBufferPointer<Float>
  ) -> SoftTargetLossKernels.Loss {
    let part = parts[mixed.map { Int($0.partOf[target]) } ?? 0]
    let index = mixed.map { Int($0.indexOf[target]) } ?? target
    switch part.targets {
    case .none, .mixed:
      preconditionFailure("a row whose soft target is none")
    case .decoderInputs, .logits, .ensemble:
      guard let teacher = part.teacher else { preconditionFailure("rows that were not made") }
      return SoftTargetLossKernels.fullTarget(
        row, teacher: UnsafeBufferPointer(teacher.row(index - part.first)), options: options)
    case .heads(let targets):
      return targets.withTarget(index) { ids, probabilities, tailMass in
        SoftTargetLossKernels.headTarget(
          row, ids: ids, probabilities: probabilities, tailMass: tailMass,
          tail: tail?.kernel ?? .bucket, options: options, scratch: scratch)
      }
    case .sampled(let targets):
      return targets.withTarget(index) { ids, probabilities in
        SoftTargetLossKernels.headTarget(
          row, ids: ids, probabilities: probabilities, tailMass: 0, tail: .sampled,
          options: options, scratch: scratch)
      }
    case .shaped(let targets):
      return shapedLoss(
        targets, index, shape: part.teacher?.row(index - part.first), row: row, options: options,
        scratch: scratch)
    }
  }

  private func shapedLoss(
    _ targets: ShapedTargets, _ index: Int, shape: UnsafeMutableBufferPointer<Float>?,
    row: UnsafeMutableBufferPointer<Float>, options: SoftTargetLossKernels.Options,
    scratch: UnsafeMutableBufferPointer<Float>
  ) -> SoftTargetLossKernels.Loss {
    let partitions = targets.partitions(index)
    return targets.withHead(index) { ids, headLogits in
      var logTail = temperature == 1 ? partitions.one : partitions.half
      if let shape {
        logTail =
          ShapedTargetKernels.shape(
            shape, ids: ids, headLogits: headLogits, logPartition: partitions.one,
            halfLogPartition: partitions.half,
            threeQuarterLogPartition: partitions.threeQuarters, temperature: temperature,
            wantsPartition: tail?.kernel != nil
          ).logPartition
      }
      guard let tail = tail?.kernel else {
        guard let shape else { preconditionFailure("rows that were not made") }
        return SoftTargetLossKernels.fullTarget(
          row, teacher: UnsafeBufferPointer(shape), options: options)
      }
      let probabilities = UnsafeMutableBufferPointer(rebasing: scratch[..<ids.count])
      let tailMass = Self.probabilities(
        headLogits, logTail: logTail, temperature: temperature, into: probabilities)
      return SoftTargetLossKernels.headTarget(
        row, ids: ids, probabilities: UnsafeBufferPointer(probabilities), tailMass: tailMass,
        tail: tail, options: options,
        scratch: UnsafeMutableBufferPointer(rebasing: scratch[ids.count...]))
    }
  }

  /// p_i = exp(beta h_i - A) and the tail's mass exp(a(beta) - A), A over head and tail together.
  private static func probabilities(
    _ headLogits: UnsafeBufferPointer<Float>, logTail: Double, temperature: Double,
    into probabilities: UnsafeMutableBufferPointer<Float>
  ) -> Float {
    let most = headLogits.reduce(logTail) { max($0, Double($1) / temperature) }
    let sum = headLogits.reduce(exp(logTail - most)) { $0 + exp(Double($1) / temperature - most) }
    let logZ = most + log(sum)
    for (index, logit) in headLogits.enumerated() {
      probabilities[index] = Float(exp(Double(logit) / temperature - logZ))
    }
    return Float(exp(logTail - logZ))
  }
}

extension SoftTargets {
  /// Entries of the rows that the teacher's side is made in; 0 where none are made.
  fileprivate var scratchRowSize: Int {
    switch self {
    case .none, .heads, .logits, .sampled, .mixed: 0
    case .decoderInputs(let targets): targets.decoder.vocabSize
    case .shaped(let targets): targets.decoder.vocabSize
    case .ensemble(let targets): targets.vocabSize
    }
  }

  /// Floats that a row of this kind needs beside its logits.
  fileprivate var scratchCount: Int {
    switch self {
    case .none, .logits, .decoderInputs, .ensemble, .mixed: 0
    case .heads(let targets): targets.largestHead
    case .sampled(let targets): targets.largestCount
    case .shaped(let targets): 2 * targets.headK
    }
  }
}

extension TailTreatment {
  /// The kernel's tail; `full` and `shaped` need whole rows and have none.
  var kernel: SoftTargetLossKernels.Tail? {
    switch self {
    case .bucket: .bucket
    case .uniform: .uniform
    case .renormalise: .renormalise
    case .shaped, .full: nil
    }
  }
}
