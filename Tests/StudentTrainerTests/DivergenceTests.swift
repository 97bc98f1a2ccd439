import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// Reverse KL and Jensen-Shannon: gradients by finite differences, kernels against the references.
struct DivergenceTests {
  typealias Kind = LossKernelTests.Kind
  static let vocab = 30_522

  static func reference(
    _ kind: Kind, _ divergence: Divergence, student: [Double], teacher: [Double],
    target: HeadTarget<Double>, temperature: Double
  ) -> LossAndGradient<Double> {
    switch kind {
    case .full:
      FullLoss.evaluate(
        student: student, teacher: teacher, temperature: temperature, divergence: divergence)
    case .bucket:
      BucketLoss.evaluate(
        student: student, target: target, temperature: temperature, divergence: divergence)
    case .uniform:
      UniformLoss.evaluate(
        student: student, target: target, temperature: temperature, divergence: divergence)
    case .renormalise:
      RenormaliseLoss.evaluate(
        student: student, target: target, temperature: temperature, divergence: divergence)
    }
  }

  /// Plain KL of two rows of probabilities.
  static func kl(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $1.0 > 0 ? $0 + $1.0 * log($1.0 / $1.1) : $0 }
  }

  @Test("the definitions are those of the textbook", arguments: [1.0, 2, 8])
  func definitions(temperature: Double) {
    let (student, teacher) = LossGradientTests.rows(61)
    let z = teacher.map(Double.init)
    let p = ShapedTargetTests.probabilities(z, temperature: temperature)
    let q = ShapedTargetTests.probabilities(student, temperature: temperature)
    let m = zip(p, q).map { ($0 + $1) / 2 }
    let expected: [Divergence: Double] = [
      .forward: Self.kl(p, q), .reverse: Self.kl(q, p),
      .jensenShannon: (Self.kl(p, m) + Self.kl(q, m)) / 2,
    ]
    let ids = topIDs(teacher, 6)
    func events(_ row: [Double]) -> [Double] {
      let kept = ids.map { row[Int($0)] }
      return kept + [1 - kept.reduce(0, +)]
    }
    let (pe, qe) = (events(p), events(q))
    let me = zip(pe, qe).map { ($0 + $1) / 2 }
    let expectedBucket: [Divergence: Double] = [
      .forward: Self.kl(pe, qe), .reverse: Self.kl(qe, pe),
      .jensenShannon: (Self.kl(pe, me) + Self.kl(qe, me)) / 2,
    ]
    let target = HeadTarget(teacherLogits: z, ids: ids, temperature: temperature)
    for divergence in Divergence.allCases {
      for (kind, value) in [
        (Kind.full, expected[divergence]), (.bucket, expectedBucket[divergence]),
      ] {
        let found = Self.reference(
          kind, divergence, student: student, teacher: z, target: target, temperature: temperature)
        let t2 = temperature * temperature
        // Double sums of 23 terms.
        #expect(abs(found.loss - t2 * (value ?? .nan)) < 1e-12 * t2)
      }
    }
  }

  @Test(
    "every divergence has the gradient of its value", arguments: Divergence.allCases,
    [1.0, 2, 8])
  func gradients(divergence: Divergence, temperature: Double) {
    let (student, teacher) = LossGradientTests.rows(62)
    let z = teacher.map(Double.init)
    let target = HeadTarget(teacherLogits: z, ids: topIDs(teacher, 6), temperature: temperature)
    for kind in Kind.allCases {
      LossGradientTests.check(student) {
        Self.reference(
          kind, divergence, student: $0, teacher: z, target: target, temperature: temperature)
      }
    }
  }

  /// The kernel on one row, soft and hard loss together, beside the reference.
  static func compare(
    _ kind: Kind, _ divergence: Divergence, student: [Float], teacher: [Float], k: Int,
    temperature: Double, label: Int32
  ) -> (
    kernel: (loss: SoftTargetLossKernels.Loss, gradient: [Float]), loss: Double, hard: Double,
    gradient: [Double]
  ) {
    let (x, z) = (student.map(Double.init), teacher.map(Double.init))
    let exact = HeadTarget(teacherLogits: z, ids: topIDs(teacher, k), temperature: temperature)
    // What the kernel is given, so that the reference sees the same rounded probabilities.
    let rounded = exact.asFloat
    let target = HeadTarget(
      ids: rounded.ids, probabilities: rounded.probabilities.map(Double.init),
      tailMass: Double(rounded.tailMass))
    let soft = reference(
      kind, divergence, student: x, teacher: z, target: target, temperature: temperature)
    var gradient = soft.gradient.map { 0.7 * $0 }
    var hard = 0.0
    if label >= 0 {
      let entropy = CrossEntropyLoss.evaluate(student: x, label: label)
      hard = entropy.loss
      for j in gradient.indices { gradient[j] += 0.3 * entropy.gradient[j] }
    }
    var call = KernelCall(
      student: student, temperature: temperature, softWeight: 0.7, hardWeight: 0.3, label: label)
    call.divergence = divergence.kernel
    let tail: SoftTargetLossKernels.Tail =
      kind == .uniform ? .uniform : kind == .renormalise ? .renormalise : .bucket
    let found = call.run(kind == .full ? .full(teacher) : .head(rounded, tail))
    return (found, soft.loss, hard, gradient)
  }

  @Test(
    "kernels equal the references on random rows", arguments: Divergence.allCases,
    [1.0, 2, 3.5, 8])
  func randomRows(divergence: Divergence, temperature: Double) {
    var generator = SplitMix64(seed: 63)
    let teacher = randomLogits(Self.vocab, scale: 3, using: &generator)
    let student = randomLogits(Self.vocab, scale: 2.5, using: &generator)
    for kind in Kind.allCases {
      for label: Int32 in [17, -1] {
        let result = Self.compare(
          kind, divergence, student: student, teacher: teacher, k: 64, temperature: temperature,
          label: label)
        // Float sums of 30,522 terms of both signs in blocks.
        #expect(abs(result.kernel.loss.soft - result.loss) <= 2e-5 * abs(result.loss), "\(kind)")
        #expect(abs(result.kernel.loss.hard - result.hard) <= 1e-5 * abs(result.hard))
        #expect(relativeError(result.kernel.gradient, result.gradient) < 2e-5, "\(kind)")
      }
    }
  }

  @Test("rows of one distribution have no loss and no gradient", arguments: Divergence.allCases)
  func equalRows(divergence: Divergence) {
    var generator = SplitMix64(seed: 64)
    let row = randomLogits(5000, scale: 2, using: &generator)
    for kind in [Kind.full, .bucket] {
      let result = Self.compare(
        kind, divergence, student: row, teacher: row, k: 8, temperature: 2, label: -1)
      // Float rounding of log q - log p.
      #expect(abs(result.kernel.loss.soft) < 2e-6)
      #expect(result.kernel.gradient.allSatisfy { abs($0) < 1e-6 })
    }
  }

  @Test(
    "near one-hot teachers and students stay finite and right", arguments: Divergence.allCases,
    LossKernelTests.Kind.allCases)
  func oneHot(divergence: Divergence, kind: Kind) {
    let vocab = 4000
    var generator = SplitMix64(seed: 65)
    var oneHot = randomLogits(vocab, scale: 0.5, using: &generator)
    oneHot[1000] = 38  // leaves about 4,000 e^-38 = 1e-13 for all others
    let flat = randomLogits(vocab, scale: 1, using: &generator)
    var surer = randomLogits(vocab, scale: 0.5, using: &generator)
    surer[1000] = 120  // a tail mass of 1e-48, which no float holds
    var right = flat
    right[1000] = 60
    var wrong = flat
    wrong[2000] = 120
    for teacher in [oneHot, flat, surer] {
      for student in [right, wrong, flat] {
        for temperature in [1.0, 2, 8] {
          let result = Self.compare(
            kind, divergence, student: student, teacher: teacher, k: 2, temperature: temperature,
            label: 5)
          #expect(result.kernel.loss.soft.isFinite)
          #expect(result.kernel.gradient.allSatisfy { $0.isFinite })
          // T² times the float rounding of logits of magnitude 120.
          let tolerance = 1e-4 * abs(result.loss) + 2e-5 * temperature * temperature
          #expect(abs(result.kernel.loss.soft - result.loss) <= tolerance)
          #expect(relativeError(result.kernel.gradient, result.gradient) < 1e-4)
        }
      }
    }
  }

  @Test("rows whose length is no multiple of a vector", arguments: Divergence.allCases)
  func raggedRows(divergence: Divergence) {
    var generator = SplitMix64(seed: 66)
    for vocab in [1, 2, 17, 65, 1023, 1025, 2049] {
      let teacher = randomLogits(vocab, scale: 2, using: &generator)
      let student = randomLogits(vocab, scale: 2, using: &generator)
      for kind in Kind.allCases {
        let result = Self.compare(
          kind, divergence, student: student, teacher: teacher, k: min(8, vocab), temperature: 2,
          label: Int32(vocab - 1))
        #expect(abs(result.kernel.loss.soft - result.loss) <= 1e-5 * abs(result.loss) + 1e-6)
        for (mine, theirs) in zip(result.kernel.gradient, result.gradient) {
          #expect(abs(Double(mine) - theirs) < 1e-5)
        }
      }
    }
  }

  @Test("a NaN anywhere in the row shows in the loss", arguments: Divergence.allCases)
  func notANumber(divergence: Divergence) {
    var generator = SplitMix64(seed: 67)
    let teacher = randomLogits(500, scale: 2, using: &generator)
    var student = randomLogits(500, scale: 2, using: &generator)
    student[321] = .nan
    for kind in [Kind.full, .bucket, .uniform] {
      let result = Self.compare(
        kind, divergence, student: student, teacher: teacher, k: 8, temperature: 2, label: 1)
      #expect(!result.kernel.loss.soft.isFinite)
    }
  }

  @Test("the forward KL leaves no trace in a run's configuration, the others do")
  func identity() throws {
    var configuration = TrainingConfiguration()
    let before = try JSONEncoder().encode(configuration)
    configuration.divergence = .forward
    #expect(configuration == TrainingConfiguration())
    configuration.divergence = .reverse
    #expect(configuration != TrainingConfiguration())
    #expect(!String(decoding: before, as: UTF8.self).contains("divergence"))
    let read = try JSONDecoder().decode(TrainingConfiguration.self, from: before)
    #expect(read == TrainingConfiguration())
  }
}
