import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

/// Threshold sampling of a row, and the loss on what it gives.
struct SamplingTests {
  static func sample(
    _ row: [Float], threshold: Double, seed: UInt64, _ scratch: inout [Float]
  ) -> SoftTargetSelection.Sample? {
    row.withUnsafeBufferPointer { row in
      scratch.withUnsafeMutableBufferPointer {
        SoftTargetSelection.sample(row, threshold: threshold, seed: seed, scratch: $0)
      }
    }
  }

  static func sample(
    _ row: [Float], threshold: Double, seed: UInt64
  ) throws -> SoftTargetSelection.Sample {
    var scratch = [Float](repeating: 0, count: row.count)
    return try #require(sample(row, threshold: threshold, seed: seed, &scratch))
  }

  @Test(
    "every probability from the threshold on is exact, the weights sum to 1, no ID comes twice",
    arguments: [0.5, 0.02, 0.004])
  func invariants(threshold: Double) throws {
    for scale in [0.3, 2, 6] {
      var generator = SplitMix64(seed: 71)
      let row = randomLogits(30_522, scale: scale, using: &generator)
      let p = ShapedTargetTests.probabilities(row.map(Double.init), temperature: 1)
      var counts = Set<Int>()
      for seed in 0..<20 as Range<UInt64> {
        let sample = try Self.sample(row, threshold: threshold, seed: seed)
        #expect(try Self.sample(row, threshold: threshold, seed: seed) == sample)
        counts.insert(sample.ids.count)
        #expect(Set(sample.ids).count == sample.ids.count)
        #expect(abs(sample.probabilities.reduce(0.0) { $0 + Double($1) } - 1) < 1e-6)
        let exact = zip(sample.ids, sample.probabilities).prefix(sample.exactCount)
        // Float exponentials and sums.
        for (id, found) in exact { #expect(abs(Double(found) / p[Int(id)] - 1) < 1e-5) }
        let exactIDs = Set(exact.map(\.0))
        #expect(p.indices.allSatisfy { p[$0] < threshold || exactIDs.contains(Int32($0)) })
        let weights = Set(sample.probabilities.dropFirst(sample.exactCount))
        #expect(weights.count <= 1 && weights.allSatisfy { Double($0) < threshold * 1.000001 })
      }
      #expect(counts.count == 1, "the count does not depend on the seed")
      #expect(Double(counts.first ?? 0) <= 1 / threshold + 1)
    }
  }

  @Test("estimates and gradient are right on average: Monte Carlo over 20,000 seeds")
  func unbiased() throws {
    var generator = SplitMix64(seed: 72)
    let vocab = 60
    let row = randomLogits(vocab, scale: 2, using: &generator)
    let student = randomLogits(vocab, scale: 1.5, using: &generator)
    let p = ShapedTargetTests.probabilities(row.map(Double.init), temperature: 1)
    let (runs, threshold) = (20_000, 0.05)
    var estimates = [Double](repeating: 0, count: vocab)
    var gradient = [Double](repeating: 0, count: vocab)
    for seed in 0..<UInt64(runs) {
      let sample = try Self.sample(row, threshold: threshold, seed: seed)
      for (id, weight) in zip(sample.ids, sample.probabilities) {
        estimates[Int(id)] += Double(weight) / Double(runs)
      }
      let call = KernelCall(
        student: student, temperature: 1, softWeight: 1, hardWeight: 0, label: -1)
      let target = HeadTarget(
        ids: sample.ids, probabilities: sample.probabilities, tailMass: Float(0))
      for (j, value) in call.run(.head(target, .sampled)).gradient.enumerated() {
        gradient[j] += Double(value) / Double(runs)
      }
    }
    let exact = FullLoss.evaluate(
      student: student.map(Double.init), teacher: row.map(Double.init), temperature: 1)
    for j in 0..<vocab {
      // An estimate is the threshold with probability p / threshold or 0, so its variance is at most
      // p times the threshold; five standard errors, and float rounding.
      let error = 5 * (p[j] * threshold / Double(runs)).squareRoot() + 1e-6
      #expect(abs(estimates[j] - p[j]) < error)
      #expect(abs(gradient[j] - exact.gradient[j]) < error)
    }
    // One sample is far off, so the agreement above is the average's.
    let one = try Self.sample(row, threshold: threshold, seed: 1)
    #expect(one.ids.count < vocab / 2)
  }

  @Test("the sampled loss has the gradient of its value, and the kernel equals it")
  func loss() throws {
    var generator = SplitMix64(seed: 73)
    let teacher = randomLogits(5000, scale: 2, using: &generator)
    let student = randomLogits(5000, scale: 2, using: &generator)
    let sample = try Self.sample(teacher, threshold: 0.02, seed: 3)
    let reference = SampledLoss.evaluate(
      student: student.map(Double.init), ids: sample.ids,
      probabilities: sample.probabilities.map(Double.init), temperature: 1)
    let found = KernelCall(
      student: student, temperature: 1, softWeight: 1, hardWeight: 0, label: -1
    ).run(
      .head(
        HeadTarget(ids: sample.ids, probabilities: sample.probabilities, tailMass: 0), .sampled))
    // Float exponentials and sums.
    #expect(abs(found.loss.soft - reference.loss) < 1e-5 * abs(reference.loss))
    #expect(relativeError(found.gradient, reference.gradient) < 1e-5)
    // Estimates that do not sum to 1 have the gradient of their own sum.
    LossGradientTests.check(LossGradientTests.rows(74).student) {
      SampledLoss.evaluate(
        student: $0, ids: [3, 7, 8], probabilities: [0.5, 0.3, 0.3], temperature: 1)
    }
  }

  @Test("rows of every shape are sampled")
  func shapes() throws {
    #expect(try Self.sample([4], threshold: 0.1, seed: 1).probabilities == [1])
    let flat = try Self.sample([Float](repeating: 1, count: 1000), threshold: 0.02, seed: 5)
    #expect(flat.exactCount == 0 && flat.ids.count == 50)
    // Every twentieth ID: systematic sampling spreads its picks.
    #expect(zip(flat.ids, flat.ids.dropFirst()).allSatisfy { $1 - $0 == 20 })
    var oneHot = [Float](repeating: 0, count: 1000)
    oneHot[17] = 90
    let sure = try Self.sample(oneHot, threshold: 0.02, seed: 5)
    #expect(sure.ids.first == 17 && abs(sure.probabilities[0] - 1) < 1e-6)
    #expect(try Self.sample(oneHot, threshold: 1, seed: 5).ids == [17])
    let single = try Self.sample([0, 0, 0, 0], threshold: 1, seed: 5)
    #expect(single.probabilities == [1])
    for bad in [Float.nan, .infinity, -.infinity] {
      var row = [Float](repeating: 0, count: 600)
      row[400] = bad
      var scratch = row
      #expect(Self.sample(row, threshold: 0.1, seed: 1, &scratch) == nil)
    }
  }
}
