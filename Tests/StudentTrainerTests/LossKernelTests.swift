import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// The float kernels against the plain references in double, on rows of a real vocabulary's size.
struct LossKernelTests {
  static let vocab = 30_522

  enum Kind: String, CaseIterable, Sendable { case full, bucket, uniform, renormalise }

  /// The kernel and the reference on one row, soft and hard loss together.
  static func compare(
    _ kind: Kind, student: [Float], teacher: [Float], k: Int, temperature: Double, label: Int32
  ) -> (kernel: KernelCallResult, loss: (soft: Double, hard: Double), gradient: [Double]) {
    let (softWeight, hardWeight) = (0.7, 0.3)
    let x = student.map(Double.init)
    let target = HeadTarget(
      teacherLogits: teacher.map(Double.init), ids: topIDs(teacher, k), temperature: temperature)
    let soft =
      switch kind {
      case .full:
        FullLoss.evaluate(
          student: x, teacher: teacher.map(Double.init), temperature: temperature)
      case .bucket: BucketLoss.evaluate(student: x, target: target, temperature: temperature)
      case .uniform: UniformLoss.evaluate(student: x, target: target, temperature: temperature)
      case .renormalise:
        RenormaliseLoss.evaluate(student: x, target: target, temperature: temperature)
      }
    var gradient = soft.gradient.map { softWeight * $0 }
    var hard = 0.0
    if label >= 0 {
      let entropy = CrossEntropyLoss.evaluate(student: x, label: label)
      hard = entropy.loss
      for j in gradient.indices { gradient[j] += hardWeight * entropy.gradient[j] }
    }
    let call = KernelCall(
      student: student, temperature: temperature, softWeight: softWeight, hardWeight: hardWeight,
      label: label)
    let tail: SoftTargetLossKernels.Tail =
      kind == .uniform ? .uniform : kind == .renormalise ? .renormalise : .bucket
    let found = call.run(kind == .full ? .full(teacher) : .head(target.asFloat, tail))
    return (
      KernelCallResult(soft: found.loss.soft, hard: found.loss.hard, gradient: found.gradient),
      (soft.loss, hard), gradient
    )
  }

  struct KernelCallResult {
    let soft: Double
    let hard: Double
    let gradient: [Float]
  }

  @Test("kernels equal the references on random rows", arguments: Kind.allCases, [1.0, 2, 3.5, 8])
  func randomRows(kind: Kind, temperature: Double) {
    var generator = SplitMix64(seed: 11)
    let teacher = randomLogits(Self.vocab, scale: 3, using: &generator)
    let student = randomLogits(Self.vocab, scale: 2.5, using: &generator)
    // A label outside the kept IDs, one inside, and none.
    for label in [17, topIDs(teacher, 5)[3], -1] {
      let result = Self.compare(
        kind, student: student, teacher: teacher, k: 64, temperature: temperature, label: label)
      // Float sums of 30,522 exponentials in blocks: a few 1e-6 were seen.
      #expect(abs(result.kernel.soft - result.loss.soft) <= 1e-5 * abs(result.loss.soft))
      #expect(abs(result.kernel.hard - result.loss.hard) <= 1e-5 * abs(result.loss.hard))
      #expect(relativeError(result.kernel.gradient, result.gradient) < 1e-5)
    }
  }

  @Test(
    "near one-hot rows with a tail mass of 1e-12 stay finite and right", arguments: Kind.allCases)
  func oneHot(kind: Kind) {
    var generator = SplitMix64(seed: 12)
    var teacher = randomLogits(Self.vocab, scale: 0.5, using: &generator)
    teacher[1000] = 38  // leaves about 30,522 e^-38 = 1e-12 for all others
    var sureAndRight = randomLogits(Self.vocab, scale: 0.5, using: &generator)
    sureAndRight[1000] = 60
    var sureAndWrong = randomLogits(Self.vocab, scale: 0.5, using: &generator)
    sureAndWrong[2000] = 120
    for student in [
      sureAndRight, sureAndWrong, randomLogits(Self.vocab, scale: 1, using: &generator),
    ] {
      for temperature in [1.0, 2, 8] {
        let result = Self.compare(
          kind, student: student, teacher: teacher, k: 1, temperature: temperature, label: 5)
        #expect(result.kernel.soft.isFinite && result.kernel.gradient.allSatisfy(\.isFinite))
        // Absolute part: T² times the float rounding of logits of magnitude 120.
        let tolerance = 1e-4 * abs(result.loss.soft) + 2e-5 * temperature * temperature
        #expect(abs(result.kernel.soft - result.loss.soft) <= tolerance)
        #expect(relativeError(result.kernel.gradient, result.gradient) < 1e-4)
      }
    }
  }

  @Test("a student far from the tail keeps the tail's gradient", arguments: [1.0, 2.0])
  func vanishingTail(temperature: Double) {
    // The student's tail mass is e^-200: `1 - sum` would be 0 in float and in double.
    let student: [Float] = [200, 0, 1, -1, 0.5]
    let teacher: [Float] = [1, 0.5, 0, 0, 0]
    let result = Self.compare(
      .bucket, student: student, teacher: teacher, k: 1, temperature: temperature, label: -1)
    #expect(result.kernel.gradient.dropFirst().allSatisfy { $0 < 0 })
    #expect(relativeError(result.kernel.gradient, result.gradient) < 1e-6)
    #expect(abs(result.kernel.soft - result.loss.soft) <= 1e-6 * result.loss.soft)
  }

  @Test("a head of the whole vocabulary equals the full target")
  func wholeVocabulary() {
    var generator = SplitMix64(seed: 13)
    let teacher = randomLogits(40, scale: 2, using: &generator)
    let student = randomLogits(40, scale: 2, using: &generator)
    for kind in [Kind.bucket, .uniform, .renormalise] {
      let head = Self.compare(
        kind, student: student, teacher: teacher, k: 40, temperature: 2, label: 3)
      let full = Self.compare(
        .full, student: student, teacher: teacher, k: 40, temperature: 2, label: 3)
      #expect(abs(head.kernel.soft - full.loss.soft) <= 1e-5 * full.loss.soft)
      #expect(relativeError(head.kernel.gradient, full.gradient) < 1e-5)
    }
  }

  @Test("rows whose length is no multiple of a vector are summed to the end")
  func raggedRows() {
    var generator = SplitMix64(seed: 14)
    for vocab in [1, 2, 15, 17, 63, 65, 127, 1023, 1025, 2049] {
      let teacher = randomLogits(vocab, scale: 2, using: &generator)
      let student = randomLogits(vocab, scale: 2, using: &generator)
      for kind in Kind.allCases {
        let result = Self.compare(
          kind, student: student, teacher: teacher, k: min(8, vocab), temperature: 2,
          label: Int32(vocab - 1))
        // With one ID both distributions are 1: the loss is 0 up to rounding.
        #expect(abs(result.kernel.soft - result.loss.soft) <= 1e-5 * abs(result.loss.soft) + 1e-6)
        #expect(abs(result.kernel.hard - result.loss.hard) <= 1e-5 * abs(result.loss.hard) + 1e-6)
        for (mine, theirs) in zip(result.kernel.gradient, result.gradient) {
          #expect(abs(Double(mine) - theirs) < 1e-5)
        }
      }
    }
  }

  @Test("a NaN anywhere in the row shows in the loss", arguments: Kind.allCases)
  func notANumber(kind: Kind) {
    var generator = SplitMix64(seed: 15)
    let teacher = randomLogits(500, scale: 2, using: &generator)
    var student = randomLogits(500, scale: 2, using: &generator)
    student[321] = .nan
    let result = Self.compare(
      kind, student: student, teacher: teacher, k: 8, temperature: 2, label: 1)
    #expect(!result.kernel.soft.isFinite)
    let hard = KernelCall(
      student: student, temperature: 1, softWeight: 0, hardWeight: 1, label: 1
    ).run(.none)
    #expect(!hard.loss.hard.isFinite)
  }

  @Test("cross entropy, its gradient and the evaluation agree with the reference")
  func crossEntropy() {
    var generator = SplitMix64(seed: 16)
    var student = randomLogits(Self.vocab, scale: 2, using: &generator)
    student[123] = 30
    let expected = CrossEntropyLoss.evaluate(student: student.map(Double.init), label: 77)
    let found = KernelCall(
      student: student, temperature: 1, softWeight: 0, hardWeight: 1, label: 77
    ).run(.none)
    #expect(abs(found.loss.hard - expected.loss) <= 1e-6 * expected.loss)
    #expect(relativeError(found.gradient, expected.gradient) < 1e-6)
    let evaluation = student.withUnsafeMutableBufferPointer {
      SoftTargetLossKernels.evaluate($0, label: 77)
    }
    #expect(abs(evaluation.loss - expected.loss) <= 1e-6 * expected.loss)
    #expect(evaluation.argmax == 123)
  }

  @Test("the cosine kernel equals the reference and adds to the gradient")
  func cosine() {
    var generator = SplitMix64(seed: 17)
    var x = randomLogits(384, scale: 1, using: &generator)
    let y = randomLogits(384, scale: 3, using: &generator)
    let expected = CosineLoss.evaluate(student: x.map(Double.init), teacher: y.map(Double.init))
    var gradient = [Float](repeating: 2, count: 384)
    let loss = x.withUnsafeMutableBufferPointer { x in
      gradient.withUnsafeMutableBufferPointer { gradient in
        y.withUnsafeBufferPointer {
          SoftTargetLossKernels.cosine(x, teacher: $0, weight: 4, gradient: gradient)
        }
      }
    }
    #expect(abs(loss - expected.loss) < 1e-6)
    for (found, reference) in zip(gradient, expected.gradient) {
      // The sum with 2 rounds at 1e-7.
      #expect(abs(Double(found) - (2 + 4 * reference)) < 1e-6)
    }
    #expect(CosineLoss.evaluate(student: [0.0, 0], teacher: [1, 1]).loss == 1)
  }
}
