import StudentTrainer
import TestSupport
import Testing
import Transformer

/// Every reference loss against finite differences, in double.
struct LossGradientTests {
  /// Central differences of a loss in every coordinate against its gradient.
  static func check(
    _ x: [Double], _ loss: ([Double]) -> LossAndGradient<Double>,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let gradient = loss(x).gradient
    let h = 1e-5
    for j in x.indices {
      var (up, down) = (x, x)
      up[j] += h
      down[j] -= h
      let slope = (loss(up).loss - loss(down).loss) / (2 * h)
      // Truncation is of order h² = 1e-10, rounding of 1e-16 / h = 1e-11, times T² and the losses.
      #expect(abs(slope - gradient[j]) < 1e-7, sourceLocation: sourceLocation)
    }
  }

  static func rows(_ seed: UInt64) -> (student: [Double], teacher: [Float]) {
    var generator = SplitMix64(seed: seed)
    let student = randomLogits(23, scale: 2, using: &generator).map(Double.init)
    return (student, randomLogits(23, scale: 2, using: &generator))
  }

  @Test("soft losses have the gradient of their value", arguments: [1.0, 2, 8])
  func softLosses(temperature: Double) {
    let (student, teacher) = Self.rows(21)
    let z = teacher.map(Double.init)
    let target = HeadTarget(teacherLogits: z, ids: topIDs(teacher, 6), temperature: temperature)
    Self.check(student) { FullLoss.evaluate(student: $0, teacher: z, temperature: temperature) }
    Self.check(student) {
      BucketLoss.evaluate(student: $0, target: target, temperature: temperature)
    }
    Self.check(student) {
      UniformLoss.evaluate(student: $0, target: target, temperature: temperature)
    }
    Self.check(student) {
      RenormaliseLoss.evaluate(student: $0, target: target, temperature: temperature)
    }
  }

  @Test("cross entropy and cosine have the gradient of their value")
  func hardAndCosine() {
    let (student, teacher) = Self.rows(22)
    Self.check(student) { CrossEntropyLoss.evaluate(student: $0, label: 4) }
    Self.check(student) { CosineLoss.evaluate(student: $0, teacher: teacher.map(Double.init)) }
  }

  @Test("bucket is below the full divergence, and the full one is 0 for equal rows")
  func bounds() {
    let (student, teacher) = Self.rows(23)
    let z = teacher.map(Double.init)
    let target = HeadTarget(teacherLogits: z, ids: topIDs(teacher, 6), temperature: 2)
    let full = FullLoss.evaluate(student: student, teacher: z, temperature: 2).loss
    let bucket = BucketLoss.evaluate(student: student, target: target, temperature: 2).loss
    #expect(bucket > 0 && bucket < full)
    #expect(abs(FullLoss.evaluate(student: z, teacher: z, temperature: 2).loss) < 1e-14)
  }

  @Test("the references run in single precision too")
  func singlePrecision() {
    let (student, teacher) = Self.rows(24)
    let double = FullLoss.evaluate(
      student: student, teacher: teacher.map(Double.init), temperature: 2)
    let single = FullLoss.evaluate(
      student: student.map(Float.init), teacher: teacher, temperature: 2)
    #expect(abs(Double(single.loss) - double.loss) < 1e-5 * double.loss)
  }
}
