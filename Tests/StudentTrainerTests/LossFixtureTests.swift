import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// Parity with `fixtures/kd`: losses and gradients from their definitions in float64.
@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct LossFixtureTests {
  struct Row {
    let student: [Double]
    let teacher: [Double]
    let ids: [Int32]
    let expectedLoss: Double
    let expectedGradient: [Double]
  }

  static let kinds = ["full", "bucket", "uniform", "renormalize"]

  static func rows(_ kind: String, temperature: Int) throws -> [Row] {
    let url = try #require(SharedFixtures.url("fixtures/kd/soft_targets.safetensors"))
    let file = try Safetensors(url: url)
    let (student, teacher) = (
      try file.doubles("student_logits"), try file.doubles("teacher_logits")
    )
    let ids = try file.integers("top_ids").map { Int32($0) }
    let losses = try file.doubles("\(kind).T\(temperature).loss")
    let gradients = try file.doubles("\(kind).T\(temperature).grad")
    let vocab = student.count / losses.count
    let k = ids.count / losses.count
    return losses.indices.map { row in
      Row(
        student: Array(student[row * vocab..<(row + 1) * vocab]),
        teacher: Array(teacher[row * vocab..<(row + 1) * vocab]),
        ids: Array(ids[row * k..<(row + 1) * k]), expectedLoss: losses[row],
        expectedGradient: Array(gradients[row * vocab..<(row + 1) * vocab]))
    }
  }

  @Test("reference losses equal the fixture in double", arguments: kinds, [1, 2, 4])
  func reference(kind: String, temperature: Int) throws {
    let t = Double(temperature)
    for row in try Self.rows(kind, temperature: temperature) {
      let target = HeadTarget(teacherLogits: row.teacher, ids: row.ids, temperature: t)
      let found =
        switch kind {
        case "full":
          FullLoss.evaluate(student: row.student, teacher: row.teacher, temperature: t)
        case "bucket":
          BucketLoss.evaluate(student: row.student, target: target, temperature: t)
        case "uniform":
          UniformLoss.evaluate(student: row.student, target: target, temperature: t)
        default:
          RenormaliseLoss.evaluate(student: row.student, target: target, temperature: t)
        }
      // 1e-6 relative: both sides are double, the sums have 101 terms.
      #expect(abs(found.loss - row.expectedLoss) <= 1e-6 * abs(row.expectedLoss))
      #expect(relativeError(found.gradient.map(Float.init), row.expectedGradient) < 1e-6)
      let scale = row.expectedGradient.map(abs).max() ?? 0
      for (mine, theirs) in zip(found.gradient, row.expectedGradient) {
        #expect(abs(mine - theirs) <= 1e-6 * scale)
      }
    }
  }

  @Test("float kernels equal the fixture", arguments: kinds, [1, 2, 4])
  func kernels(kind: String, temperature: Int) throws {
    let t = Double(temperature)
    for row in try Self.rows(kind, temperature: temperature) {
      let target = HeadTarget(teacherLogits: row.teacher, ids: row.ids, temperature: t)
      var tail = SoftTargetLossKernels.Tail.bucket
      if kind == "uniform" { tail = .uniform }
      if kind == "renormalize" { tail = .renormalise }
      let found = KernelCall(
        student: row.student.map(Float.init), temperature: t, softWeight: 1, hardWeight: 0,
        label: -1
      ).run(
        kind == "full"
          ? .full(row.teacher.map(Float.init)) : .head(target.asFloat, tail))
      // 1e-4 relative: float exponentials and sums; the gradient by its largest element.
      #expect(abs(found.loss.soft - row.expectedLoss) <= 1e-4 * abs(row.expectedLoss))
      #expect(relativeError(found.gradient, row.expectedGradient) < 1e-4)
    }
  }

  @Test("tail mass and log partition equal the fixture", arguments: [1, 2, 4])
  func tailMass(temperature: Int) throws {
    let url = try #require(SharedFixtures.url("fixtures/kd/soft_targets.safetensors"))
    let masses = try Safetensors(url: url).doubles("tail_mass.T\(temperature)")
    for (row, mass) in zip(try Self.rows("full", temperature: temperature), masses) {
      let target = HeadTarget(
        teacherLogits: row.teacher, ids: row.ids, temperature: Double(temperature))
      // 1e-9: one of the masses is 9e-12, and is summed over the tail itself.
      #expect(abs(target.tailMass - mass) <= 1e-9 * mass)
    }
  }
}

extension HeadTarget<Double> {
  var asFloat: HeadTarget<Float> {
    HeadTarget<Float>(
      ids: ids, probabilities: probabilities.map(Float.init), tailMass: Float(tailMass))
  }
}

/// One call of a row kernel on copies.
struct KernelCall {
  enum Target {
    case head(HeadTarget<Float>, SoftTargetLossKernels.Tail)
    case full([Float])
    case none
  }

  var student: [Float]
  var temperature: Double
  var softWeight: Double
  var hardWeight: Double
  var label: Int32
  var divergence = SoftTargetLossKernels.Divergence.forward

  func run(_ target: Target) -> (loss: SoftTargetLossKernels.Loss, gradient: [Float]) {
    var row = student
    let options = SoftTargetLossKernels.Options(
      temperature: temperature, softWeight: softWeight, hardWeight: hardWeight, label: label,
      divergence: divergence)
    let loss = row.withUnsafeMutableBufferPointer { row in
      switch target {
      case .head(let target, let tail):
        var scratch = [Float](repeating: 0, count: max(1, target.ids.count))
        return target.ids.withUnsafeBufferPointer { ids in
          target.probabilities.withUnsafeBufferPointer { probabilities in
            scratch.withUnsafeMutableBufferPointer { scratch in
              SoftTargetLossKernels.headTarget(
                row, ids: ids, probabilities: probabilities, tailMass: target.tailMass,
                tail: tail, options: options, scratch: scratch)
            }
          }
        }
      case .full(let teacher):
        return teacher.withUnsafeBufferPointer {
          SoftTargetLossKernels.fullTarget(row, teacher: $0, options: options)
        }
      case .none:
        return SoftTargetLossKernels.hardTarget(row, label: label, weight: hardWeight)
      }
    }
    return (loss, row)
  }
}
