import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// Rows from a head and a low-rank tail, against their definition in double.
struct ShapedTargetTests {
  /// A teacher's row and an approximation of it, as a low-rank product gives it.
  static func rows(_ vocab: Int, seed: UInt64) -> (teacher: [Float], shape: [Float]) {
    var generator = SplitMix64(seed: seed)
    let teacher = randomLogits(vocab, scale: 3, using: &generator)
    let noise = randomLogits(vocab, scale: 0.7, using: &generator)
    return (teacher, zip(teacher, noise).map { $0 + $1 + 5 })
  }

  static func target(_ teacher: [Float], shape: [Float], k: Int) -> ShapedTarget<Double> {
    ShapedTarget(
      teacherLogits: teacher.map(Double.init), ids: k == 0 ? [] : topIDs(teacher, k),
      shape: shape.map(Double.init))
  }

  /// The kernel's row and tail.
  static func kernel(
    _ target: ShapedTarget<Double>, temperature: Double
  ) -> (row: [Float], tail: ShapedTargetKernels.Tail) {
    var row = target.shape.map(Float.init)
    let headLogits = target.headLogits.map(Float.init)
    let tail = row.withUnsafeMutableBufferPointer { row in
      target.ids.withUnsafeBufferPointer { ids in
        headLogits.withUnsafeBufferPointer {
          ShapedTargetKernels.shape(
            row, ids: ids, headLogits: $0, logPartition: target.logPartition,
            halfLogPartition: target.halfLogPartition,
            threeQuarterLogPartition: target.threeQuarterLogPartition, temperature: temperature,
            wantsPartition: true)
        }
      }
    }
    return (row, tail)
  }

  static func probabilities(_ logits: [Double], temperature: Double) -> [Double] {
    let most = logits.max() ?? 0
    let terms = logits.map { exp(($0 - most) / temperature) }
    let sum = terms.reduce(0, +)
    return terms.map { $0 / sum }
  }

  @Test("the kernel's row is the definition's", arguments: [1.0, 1.5, 2, 3.5, 8], [0, 1, 16])
  func kernelAgainstDefinition(temperature: Double, k: Int) {
    let (teacher, shape) = Self.rows(30_522, seed: 31)
    var target = Self.target(teacher, shape: shape, k: k)
    expectKernel(target, temperature: temperature)
    target.threeQuarterLogPartition = nil
    expectKernel(target, temperature: temperature)
  }

  private func expectKernel(_ target: ShapedTarget<Double>, temperature: Double) {
    let found = Self.kernel(target, temperature: temperature)
    // Float sums of 30,522 exponentials, and logits of magnitude 30 in float.
    #expect(relativeError(found.row, target.logits(temperature: temperature)) < 1e-6)
    #expect(abs(found.tail.delta - target.delta(temperature: temperature)) < 1e-5)
    let p = Self.probabilities(
      target.logits(temperature: temperature), temperature: temperature)
    let kept = target.ids.map { p[Int($0)] }.reduce(0, +)
    // The tail's log-partition is relative to the row's largest logit, as the head's logits are.
    let head = target.headLogits.map { exp($0 / temperature) }.reduce(0, +)
    let tail = exp(found.tail.logPartition)
    #expect(abs(tail / (tail + head) - (1 - kept)) < 1e-5)
  }

  @Test("head and tail mass are the teacher's own at T = 1 and 2", arguments: [1.0, 2])
  func exactMass(temperature: Double) {
    let (teacher, shape) = Self.rows(2000, seed: 32)
    let target = Self.target(teacher, shape: shape, k: 12)
    let exact = HeadTarget(
      teacherLogits: teacher.map(Double.init), ids: target.ids, temperature: temperature)
    let p = Self.probabilities(
      target.logits(temperature: temperature), temperature: temperature)
    for (id, expected) in zip(exact.ids, exact.probabilities) {
      // The definition in double against another one in double.
      #expect(abs(p[Int(id)] - expected) < 1e-12)
    }
    let row = Self.kernel(target, temperature: temperature).row.map(Double.init)
    let found = Self.probabilities(row, temperature: temperature)
    let tail = 1 - exact.ids.map { found[Int($0)] }.reduce(0, +)
    #expect(abs(tail - exact.tailMass) < 1e-5)
  }

  @Test("a third log-partition makes the tail's mass exact at T = 4/3 too")
  func thirdPartition() {
    let (teacher, shape) = Self.rows(2000, seed: 37)
    let temperature = 4.0 / 3
    var target = Self.target(teacher, shape: shape, k: 12)
    let exact = HeadTarget(
      teacherLogits: teacher.map(Double.init), ids: target.ids, temperature: temperature)
    func error() -> Double {
      let p = Self.probabilities(
        target.logits(temperature: temperature), temperature: temperature)
      return abs(1 - target.ids.reduce(0) { $0 + p[Int($1)] } - exact.tailMass)
    }
    #expect(error() < 1e-12)
    target.threeQuarterLogPartition = nil
    #expect(error() > 1e-5)
  }

  @Test("a shape that is the teacher's own row gives its distribution at every T")
  func ownShape() {
    let teacher = Self.rows(500, seed: 33).teacher
    let target = Self.target(teacher, shape: teacher.map { $0 + 3 }, k: 5)
    for temperature in [1.0, 1.3, 2, 5, 8] {
      let found = Self.probabilities(
        target.logits(temperature: temperature), temperature: temperature)
      let exact = Self.probabilities(teacher.map(Double.init), temperature: temperature)
      // The shape is in float, the offset of 3 rounds its logits at 1e-6.
      for (mine, theirs) in zip(found, exact) { #expect(abs(mine - theirs) < 1e-6) }
    }
  }

  @Test("the loss has the gradient of its value", arguments: [1.0, 1.5, 2, 8])
  func gradient(temperature: Double) {
    let (teacher, shape) = Self.rows(23, seed: 34)
    let target = Self.target(teacher, shape: shape, k: 4)
    let student = LossGradientTests.rows(35).student
    let z = target.logits(temperature: temperature)
    LossGradientTests.check(student) {
      FullLoss.evaluate(student: $0, teacher: z, temperature: temperature)
    }
    // T (q_j - p_j) in S and T (q_j - m_p u_j) outside, u the tail's shape.
    let gradient = FullLoss.evaluate(student: student, teacher: z, temperature: temperature)
      .gradient
    let q = Self.probabilities(student, temperature: temperature)
    let p = Self.probabilities(z, temperature: temperature)
    let tailMass = 1 - target.ids.map { p[Int($0)] }.reduce(0, +)
    let outside = (0..<23).filter { !target.ids.contains(Int32($0)) }
    let u = Self.probabilities(
      outside.map { target.shape[$0] }, temperature: temperature)
    for (j, share) in zip(outside, u) {
      #expect(abs(gradient[j] - temperature * (q[j] - tailMass * share)) < 1e-12)
    }
  }

  @Test("near one-hot rows with a tail mass of 1e-12 stay finite and right")
  func oneHot() {
    var generator = SplitMix64(seed: 36)
    let vocab = 30_522
    var teacher = randomLogits(vocab, scale: 0.5, using: &generator)
    teacher[1000] = 38  // leaves about 30,522 e^-38 = 1e-12 for all others
    let shape = randomLogits(vocab, scale: 2, using: &generator).map { $0 - 9 }
    for k in [1, 8] {
      let target = Self.target(teacher, shape: shape, k: k)
      for temperature in [1.0, 2, 5, 8] {
        let (row, tail) = Self.kernel(target, temperature: temperature)
        #expect(row.allSatisfy(\.isFinite) && tail.logPartition.isFinite)
        let expected = target.logits(temperature: temperature)
        #expect(relativeError(row, expected) < 1e-6)
        for scale: Float in [0.5, 40] {
          let student = randomLogits(vocab, scale: Double(scale), using: &generator)
          let exact = FullLoss.evaluate(
            student: student.map(Double.init), teacher: expected, temperature: temperature)
          let found = KernelCall(
            student: student, temperature: temperature, softWeight: 1, hardWeight: 0, label: -1
          ).run(.full(row))
          #expect(found.gradient.allSatisfy { $0.isFinite })
          // T² times the float rounding of logits of magnitude 200.
          let tolerance = 1e-4 * exact.loss + 2e-5 * temperature * temperature
          #expect(abs(found.loss.soft - exact.loss) <= tolerance)
          #expect(relativeError(found.gradient, exact.gradient) < 1e-4)
        }
      }
    }
  }

  @Test("a tail without a token leaves the head as it is")
  func noTail() {
    let target = ShapedTarget<Double>(
      ids: [1, 0], headLogits: [0, -2], shape: [7, 7], logPartition: -.infinity,
      halfLogPartition: -.infinity)
    let (row, tail) = Self.kernel(target, temperature: 3)
    #expect(row == [-2, 0] && tail.delta == 0 && tail.logPartition == -.infinity)
  }
}
