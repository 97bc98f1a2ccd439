import Foundation
import LogitCache

/// How the soft targets of one class of a cache's positions are made.
struct CachedPart: Sendable {
  private enum Kind: Sendable {
    case heads
    case hidden(TeacherDecoder)
    case shaped(LowRankEstimate, TeacherDecoder)
    case sampled
  }

  private let kind: Kind
  private let headK: Int

  /// Checks that the class serves the losses, and reads its output layer.
  ///
  /// - Throws: `StudentTrainerError.missingTargets` or `.invalidConfiguration`; what reading throws.
  init(reader: CacheReader, classIndex: Int, configuration: TrainingConfiguration) throws {
    let specification = reader.specification
    let target = specification.targets[classIndex]
    try CachedPartCheck.check(
      target, isAlone: specification.targets.count == 1, configuration: configuration)
    headK = min(configuration.headK ?? target.headK, target.headK)
    switch target.tail {
    case .scalars: kind = .heads
    case .sampled: kind = .sampled
    case .hidden:
      let table = try reader.readDecoder()
      kind = .hidden(
        TeacherDecoder(
          weight: table.weight, bias: table.bias, hiddenSize: specification.teacher.inputSize))
    case .lowrank:
      let stored = target.rank ?? 0
      let estimate = LowRankEstimate(
        decoder: try reader.readLowRankDecoder(ofClass: classIndex),
        rank: min(configuration.rank ?? stored, stored), headStep: target.step)
      let decoder = estimate.decoder
      kind = .shaped(
        estimate,
        TeacherDecoder(
          weight: decoder.weight, bias: decoder.bias, hiddenSize: decoder.components))
    }
  }

  /// The output layer of a tail `hidden`, nil for others.
  var hiddenDecoder: TeacherDecoder? {
    if case .hidden(let decoder) = kind { decoder } else { nil }
  }

  /// The targets of some rows.
  struct Rows {
    private let part: CachedPart
    private let beta: Double
    private var count = 0
    private var heads = HeadTargets()
    private var sampled = SampledTargets()
    private var inputs: [Float] = []
    private var ids: [Int32] = []
    private var headLogits: [Float] = []
    private var partitions: [Float] = []

    /// No rows yet, for a step at this temperature.
    init(_ part: CachedPart, temperature: Double) {
      self.part = part
      beta = 1 / temperature
    }

    /// Adds a row of what was read.
    mutating func append(_ read: TargetPart, row: Int) {
      count += 1
      let head = row * read.headK..<(row + 1) * read.headK
      switch (part.kind, read.tail) {
      case (.heads, _):
        let tail = read.tailPartition(row).logPartition(beta: beta)
        appendHead(ids: read.headIDs[head], logits: read.headLogits[head], tail: tail)
      case (.hidden(let decoder), .hidden(let rows)):
        inputs.appendValues(decoder.hiddenSize) { rows.copyRow(row, into: $0) }
      case (.shaped(let estimate, _), .lowRank(let rows)):
        appendShaped(rows, row, read, head, estimate)
      case (.sampled, .sampled(let rows)):
        let range = rows.starts[row]..<rows.starts[row + 1]
        sampled.append(ids: rows.ids[range], probabilities: rows.probabilities[range])
      default: preconditionFailure("a part that was read with another tail")
      }
    }

    /// p_i = exp(beta z_i - A) and m_p = exp(a(beta) - A), with A over head and tail together.
    private mutating func appendHead(
      ids: ArraySlice<Int32>, logits: ArraySlice<Float>, tail: Double
    ) {
      let scaled = logits.map { beta * Double($0) }
      let most = max(scaled.max() ?? tail, tail)
      let sum = scaled.reduce(exp(tail - most)) { $0 + exp($1 - most) }
      let logZ = most + log(sum)
      heads.append(
        ids: ids, probabilities: scaled.map { Float(exp($0 - logZ)) },
        tailMass: Float(exp(tail - logZ)))
    }

    private mutating func appendShaped(
      _ rows: LowRankRows, _ row: Int, _ read: TargetPart, _ head: Range<Int>,
      _ estimate: LowRankEstimate
    ) {
      ids += read.headIDs[head]
      headLogits += read.headLogits[head]
      // Entries of the stored head that were not asked for belong to the tail.
      for (beta, stored) in rows.partitions(row) {
        partitions.append(Float(TailPartition.adding(read.dropped(row), to: stored, beta: beta)))
      }
      inputs.appendValues(estimate.components) { output in
        rows.coefficients.withUnsafeBufferPointer { coefficients in
          read.headIDs.withUnsafeBufferPointer { ids in
            read.headLogits.withUnsafeBufferPointer { logits in
              let known = row * rows.rank..<(row + 1) * rows.rank
              estimate.extend(
                UnsafeBufferPointer(rebasing: coefficients[known]),
                ids: UnsafeBufferPointer(rebasing: ids[head]),
                logits: UnsafeBufferPointer(rebasing: logits[head]), into: output)
            }
          }
        }
      }
    }

    /// The targets.
    func finish() -> SoftTargets {
      switch part.kind {
      case .heads: return .heads(heads)
      case .sampled: return .sampled(sampled)
      case .hidden(let decoder):
        return .decoderInputs(DecoderTargets(decoder: decoder, count: count, inputs: inputs))
      case .shaped(_, let decoder):
        return .shaped(
          ShapedTargets(
            decoder: decoder, count: count, headK: part.headK, inputs: inputs, ids: ids,
            headLogits: headLogits, tailPartitions: partitions))
      }
    }
  }
}

/// Whether a class of a cache's positions, perhaps its only one, serves a run.
enum CachedPartCheck {
  static func check(
    _ target: TargetSpecification, isAlone: Bool, configuration: TrainingConfiguration
  ) throws {
    let loss = "the soft-target loss (alphaCE \(configuration.alphaCE))"
    let tails: [TailTreatment] =
      switch target.tail {
      case .scalars: [.bucket, .uniform, .renormalise]
      case .lowrank: [.shaped, .bucket, .uniform, .renormalise]
      case .hidden: [.full]
      case .sampled: []
      }
    // Whole rows and samples have no tail: in a mixture they leave it to the other positions.
    if let tail = configuration.tail, !tails.contains(tail),
      isAlone || target.tail == .scalars || target.tail == .lowrank
    {
      throw StudentTrainerError.missingTargets(
        loss: loss,
        reason:
          "tail '\(tail.rawValue)' was asked for, but the cache keeps \(target.headK) IDs and "
          + "the tail '\(target.tail.rawValue)', which serves "
          + tails.map { "'\($0.rawValue)'" }.joined(separator: ", ")
          + "; ask for one of these, or make a cache with the tail 'hidden'")
    }
    let needsOne = target.tail == .scalars || target.tail == .lowrank
    guard configuration.temperature >= 1 || !needsOne else {
      throw StudentTrainerError.invalidConfiguration(
        field: "temperature",
        value: configuration.scheduled?.temperature?.description ?? "\(configuration.temperature)",
        allowed: "1 or more with a cache whose tails are '\(target.tail.rawValue)'")
    }
    if target.tail == .sampled {
      if let schedule = configuration.scheduled?.temperature {
        throw StudentTrainerError.invalidConfiguration(
          field: "temperature", value: schedule.description,
          allowed: "1 at every step with sampled targets, whose estimates are of probabilities at 1"
        )
      }
      if let share = configuration.positionsTopEntropy {
        throw StudentTrainerError.invalidConfiguration(
          field: "positionsTopEntropy", value: "\(share)",
          allowed: "left out with sampled targets, which do not tell the teacher's entropy")
      }
    }
    if let k = configuration.headK, k > target.headK, target.headK > 0 {
      throw StudentTrainerError.invalidConfiguration(
        field: "headK", value: "\(k)",
        allowed: "at most the \(target.headK) IDs that the cache keeps")
    }
    if let rank = configuration.rank, target.tail == .lowrank, rank > target.rank ?? 0 {
      throw StudentTrainerError.invalidConfiguration(
        field: "rank", value: "\(rank)",
        allowed: "at most the \(target.rank ?? 0) coefficients that the cache keeps")
    }
  }
}
