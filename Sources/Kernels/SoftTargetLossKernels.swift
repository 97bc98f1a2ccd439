import CKernels

/// Distillation and cross-entropy losses of one row of logits, with the gradient written over it.
///
/// Legend: V vocabulary size; T temperature; S the kept IDs. Losses come back in nats and unweighted
/// (soft ones times T²); weights only scale the gradient, so they carry 1 / rows of a mean.
package enum SoftTargetLossKernels {
  /// How the teacher's mass outside the kept IDs enters the loss.
  package enum Tail: Sendable {
    case bucket, uniform, renormalise
    /// There is none: the probabilities are unbiased estimates for sampled IDs. Forward only.
    case sampled

    fileprivate var kind: Int32 {
      switch self {
      case .bucket: Int32(DECANT_TAIL_BUCKET)
      case .uniform: Int32(DECANT_TAIL_UNIFORM)
      case .renormalise: Int32(DECANT_TAIL_RENORMALISE)
      case .sampled: Int32(DECANT_TAIL_SAMPLED)
      }
    }
  }

  /// From which distribution to which; m is the midpoint of teacher p and student q.
  package enum Divergence: Sendable {
    /// KL(p ‖ q), KL(q ‖ p), and (KL(p ‖ m) + KL(q ‖ m)) / 2.
    case forward, reverse, jensenShannon

    fileprivate var kind: Int32 {
      switch self {
      case .forward: Int32(DECANT_FORWARD)
      case .reverse: Int32(DECANT_REVERSE)
      case .jensenShannon: Int32(DECANT_JENSEN_SHANNON)
      }
    }
  }

  /// What one row is trained on besides its soft target.
  package struct Options: Sendable {
    /// T, `> 0`.
    package var temperature: Double
    /// Factor of the soft loss in the gradient.
    package var softWeight: Double
    /// Factor of the cross entropy in the gradient.
    package var hardWeight: Double
    /// The right ID, or -1 for no hard loss.
    package var label: Int32
    /// What the soft loss measures.
    package var divergence: Divergence

    /// Options of one row.
    package init(
      temperature: Double, softWeight: Double, hardWeight: Double, label: Int32,
      divergence: Divergence = .forward
    ) {
      self.temperature = temperature
      self.softWeight = softWeight
      self.hardWeight = hardWeight
      self.label = label
      self.divergence = divergence
    }

    fileprivate var c: decant_row_options {
      decant_row_options(
        temperature: temperature, soft_weight: softWeight, hard_weight: hardWeight, label: label,
        divergence: divergence.kind)
    }
  }

  /// The two losses of a row, unweighted, in nats.
  package struct Loss: Sendable {
    /// T² times the divergence; 0 without a soft target.
    package var soft: Double
    /// The cross entropy; 0 without a label.
    package var hard: Double

    /// Losses of one row.
    package init(soft: Double, hard: Double) {
      self.soft = soft
      self.hard = hard
    }
  }

  /// Kept IDs and their probabilities, with a treatment of the mass outside them.
  ///
  /// - Parameters:
  ///   - logits: Student logits `[V]`, replaced by the gradient.
  ///   - ids: S, distinct, each in `0 ..< V`.
  ///   - probabilities: Teacher probabilities at T, as long as `ids`.
  ///   - tailMass: Teacher mass outside S at T, in `0 ... 1`.
  ///   - tail: What becomes of that mass.
  ///   - options: Temperature, weights and label.
  ///   - scratch: At least `ids.count` floats of this thread.
  /// - Returns: Both losses, unweighted.
  /// - Precondition: lengths agree, the label is below V, and no ID is outside the vocabulary.
  /// - Complexity: three passes over the row, four where the tail needs logarithms (uniform, other than
  ///   forward); allocates nothing. Probabilities count as at least 2^-126 in the reverse KL, which a
  ///   renormalised target takes within S on both sides.
  package static func headTarget(
    _ logits: UnsafeMutableBufferPointer<Float>, ids: UnsafeBufferPointer<Int32>,
    probabilities: UnsafeBufferPointer<Float>, tailMass: Float, tail: Tail, options: Options,
    scratch: UnsafeMutableBufferPointer<Float>
  ) -> Loss {
    let vocab = Int32(clamping: logits.count)
    precondition(options.temperature > 0, "temperature \(options.temperature) is not above 0")
    precondition(options.label < vocab, "label \(options.label) of \(vocab)")
    precondition(
      ids.count == probabilities.count, "\(ids.count) IDs, \(probabilities.count) values")
    precondition(
      tail != .sampled || options.divergence == .forward, "sampled targets have a forward KL only")
    precondition(scratch.count >= ids.count, "scratch of \(scratch.count) for \(ids.count) IDs")
    for id in ids { precondition(id >= 0 && id < vocab, "kept ID \(id) of \(vocab)") }
    guard let row = logits.baseAddress else { return Loss(soft: 0, hard: 0) }
    let loss = decant_head_target_row(
      row, Int64(logits.count), ids.baseAddress, probabilities.baseAddress, Int64(ids.count),
      Double(tailMass), tail.kind, options.c, scratch.baseAddress)
    return Loss(soft: loss.soft, hard: loss.hard)
  }

  /// The teacher's whole row of logits.
  ///
  /// - Parameters:
  ///   - logits: Student logits `[V]`, replaced by the gradient.
  ///   - teacher: Teacher logits `[V]`, not scaled by T.
  ///   - options: Temperature, weights and label.
  /// - Returns: Both losses, unweighted.
  /// - Precondition: lengths agree and the label is below V.
  package static func fullTarget(
    _ logits: UnsafeMutableBufferPointer<Float>, teacher: UnsafeBufferPointer<Float>,
    options: Options
  ) -> Loss {
    precondition(options.temperature > 0, "temperature \(options.temperature) is not above 0")
    precondition(
      logits.count == teacher.count, "\(logits.count) logits, \(teacher.count) teacher's")
    precondition(Int(options.label) < logits.count, "label \(options.label) of \(logits.count)")
    guard let row = logits.baseAddress, let target = teacher.baseAddress else {
      return Loss(soft: 0, hard: 0)
    }
    let loss = decant_full_target_row(row, target, Int64(logits.count), options.c)
    return Loss(soft: loss.soft, hard: loss.hard)
  }

  /// Cross entropy alone.
  ///
  /// - Parameters:
  ///   - logits: Student logits `[V]`, replaced by the gradient.
  ///   - label: The right ID, in `0 ..< V`.
  ///   - weight: Factor of the gradient.
  /// - Returns: The hard loss, unweighted; the soft one is 0.
  package static func hardTarget(
    _ logits: UnsafeMutableBufferPointer<Float>, label: Int32, weight: Double
  ) -> Loss {
    precondition(label >= 0 && Int(label) < logits.count, "label \(label) of \(logits.count)")
    guard let row = logits.baseAddress else { return Loss(soft: 0, hard: 0) }
    let loss = decant_hard_target_row(row, Int64(logits.count), label, weight)
    return Loss(soft: loss.soft, hard: loss.hard)
  }

  /// Cross entropy and most probable ID of a row that stays as it is.
  ///
  /// - Returns: The loss in nats, and the first ID among those of the largest logit.
  package static func evaluate(
    _ logits: UnsafeMutableBufferPointer<Float>, label: Int32
  ) -> (loss: Double, argmax: Int) {
    precondition(label >= 0 && Int(label) < logits.count, "label \(label) of \(logits.count)")
    guard let row = logits.baseAddress else { return (0, 0) }
    var best: Int64 = 0
    let loss = decant_evaluate_row(row, Int64(logits.count), label, &best)
    return (loss, Int(best))
  }

  /// 1 - cos of two hidden states; adds `weight` times the gradient to `gradient`.
  ///
  /// - Parameters:
  ///   - student: `[hidden]`.
  ///   - teacher: `[hidden]`.
  ///   - weight: Factor of the gradient.
  ///   - gradient: `[hidden]`, with respect to `student`; aliases neither.
  /// - Returns: The loss, in `0 ... 2`; 1 where a state is zero, which has no gradient.
  package static func cosine(
    _ student: UnsafeMutableBufferPointer<Float>, teacher: UnsafeBufferPointer<Float>,
    weight: Double, gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    compare(student, teacher, weight, gradient, empty: 1, decant_cosine_row)
  }

  /// The squared error of two hidden states, mean over their dimensions; adds `weight` times the
  /// gradient to `gradient`.
  ///
  /// - Parameters:
  ///   - student: `[hidden]`.
  ///   - teacher: `[hidden]`.
  ///   - weight: Factor of the gradient.
  ///   - gradient: `[hidden]`, with respect to `student`; aliases neither.
  /// - Returns: The loss, `>= 0`.
  package static func squaredError(
    _ student: UnsafeMutableBufferPointer<Float>, teacher: UnsafeBufferPointer<Float>,
    weight: Double, gradient: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    compare(student, teacher, weight, gradient, empty: 0, decant_squared_error_row)
  }

  /// Runs a kernel over two states of one size.
  private static func compare(
    _ student: UnsafeMutableBufferPointer<Float>, _ teacher: UnsafeBufferPointer<Float>,
    _ weight: Double, _ gradient: UnsafeMutableBufferPointer<Float>, empty: Double,
    _ kernel: (
      UnsafePointer<Float>, UnsafePointer<Float>, Int64, Double, UnsafeMutablePointer<Float>
    ) -> Double
  ) -> Double {
    precondition(
      student.count == teacher.count && student.count == gradient.count,
      "states of \(student.count), \(teacher.count) and \(gradient.count) values")
    guard let x = student.baseAddress, let y = teacher.baseAddress, let dx = gradient.baseAddress
    else { return empty }
    return kernel(x, y, Int64(student.count), weight, dx)
  }
}
