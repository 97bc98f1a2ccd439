import Foundation
import LogitCache
import TestSupport
import Testing

/// A teacher whose logits follow from inputs of 24 numbers, most of them of small variance.
@Suite struct LowRankTests {
  private static let (vocab, width, rank, k) = (400, 24, 4, 12)

  private let table: DecoderTable
  private let inputs: [[Float]]

  init() {
    var generator = SeededGenerator(seed: 5)
    table = DecoderTable(
      weight: (0..<Self.vocab * Self.width).map { _ in generator.normal() },
      bias: (0..<Self.vocab).map { _ in generator.normal() })
    inputs = (0..<600).map { _ in
      (0..<Self.width).map { 1.5 * generator.normal() / Float(1 + $0) + 0.3 }
    }
  }

  private func logits(_ input: [Float]) -> [Float] {
    (0..<Self.vocab).map { token in
      zip(table.weight[token * Self.width..<(token + 1) * Self.width], input)
        .reduce(table.bias[token]) { $0 + $1.0 * $1.1 }
    }
  }

  private func tables(_ target: TargetSpecification) throws -> CacheTables {
    let sample = TargetSample(target: target, vocabSize: Self.vocab, hiddenSize: Self.width)
    for (row, input) in inputs.prefix(500).enumerated() {
      try logits(input).withUnsafeBufferPointer { logits in
        try input.withUnsafeBufferPointer {
          try sample.add(row: row, logits: logits, decoderInput: $0)
        }
      }
    }
    var cache = SampleCache(
      target: target, vocabSize: Self.vocab, hiddenSize: Self.width)
    cache.specification.target = target
    return try CacheTables(
      specification: cache.specification, samples: [sample],
      corpusCounts: [UInt64](repeating: 1, count: Self.vocab), decoder: table)
  }

  /// The logits that coefficients stand for.
  private func logits(_ decoder: LowRankDecoder, _ coefficients: [Float]) -> [Float] {
    let components = decoder.components
    return (0..<Self.vocab).map { token in
      zip(decoder.weight[token * components..<(token + 1) * components], coefficients)
        .reduce(decoder.bias[token]) { $0 + $1.0 * $1.1 }
    }
  }

  private func project(_ basis: LowRankBasis, _ input: [Float]) -> [Float] {
    (0..<basis.rank).map { column in
      let row = basis.encoder[column * Self.width..<(column + 1) * Self.width]
      return zip(row, zip(input, basis.mean)).reduce(0) { $0 + $1.0 * ($1.1.0 - $1.1.1) }
    }
  }

  @Test func allComponentsTogetherAreTheTeacher() throws {
    let target = TargetSpecification(headK: 4, tail: .lowrank, rank: Self.width)
    let tables = try tables(target)
    let basis = try #require(tables.targets[0].basis)
    let decoder = try #require(tables.lowRank[0])
    for input in inputs[500...] {
      let found = logits(decoder, project(basis, input))
      // Single precision over 24 terms and a change of basis and back.
      for (found, exact) in zip(found, logits(input)) { #expect(abs(found - exact) < 2e-3) }
    }
  }

  @Test func componentsAreOrderedAndUncorrelatedInTheSample() throws {
    let tables = try tables(TargetSpecification(headK: 4, tail: .lowrank, rank: Self.width))
    let decoder = try #require(tables.lowRank[0])
    #expect(decoder.variances == decoder.variances.sorted(by: >))
    #expect(decoder.variances.allSatisfy { $0 >= 0 })
  }

  @Test func theHeadTellsOfWhatWasDropped() throws {
    let target = TargetSpecification(headK: Self.k, tail: .lowrank, rank: Self.rank)
    let tables = try tables(target)
    let basis = try #require(tables.targets[0].basis)
    let decoder = try #require(tables.lowRank[0])
    let estimate = LowRankEstimate(decoder: decoder, rank: Self.rank, headStep: 1.0 / 16)
    #expect(estimate.components == Self.width)
    var (plain, helped) = (0.0, 0.0)
    for input in inputs[500...] {
      let exact = logits(input)
      let order = exact.indices.sorted { exact[$0] > exact[$1] }
      let ids = order.prefix(Self.k).map(Int32.init)
      let head = ids.map { exact[Int($0)] - exact[order[0]] }
      let known = project(basis, input)
      var extended = [Float](repeating: 0, count: Self.width)
      known.withUnsafeBufferPointer { known in
        ids.withUnsafeBufferPointer { ids in
          head.withUnsafeBufferPointer { head in
            extended.withUnsafeMutableBufferPointer {
              estimate.extend(known, ids: ids, logits: head, into: $0)
            }
          }
        }
      }
      #expect(Array(extended.prefix(Self.rank)) == known)
      let without = logits(decoder, known + [Float](repeating: 0, count: Self.width - Self.rank))
      plain += error(without, exact, outside: ids)
      helped += error(logits(decoder, extended), exact, outside: ids)
    }
    // Twelve numbers about twenty unknown ones: well over a third of the error goes.
    #expect(helped < 0.65 * plain)
  }

  @Test(arguments: [0, 32]) func coefficientsAreFittedToTheLikeliestTokens(estimated: Int) throws {
    var target = TargetSpecification(headK: Self.k, tail: .lowrank, rank: Self.rank)
    target.estimatedRank = estimated
    let (fitted, plain) = try (weightedError(target), weightedError(unfitted(target)))
    // About an eighth is gained: the tails of these rows are flat, so the change is held back.
    #expect(fitted < 0.95 * plain)
  }

  @Test func coefficientsThatAreRightStay() throws {
    let target = TargetSpecification(headK: 4, tail: .lowrank, rank: Self.width)
    let tables = try tables(target)
    let basis = try #require(tables.targets[0].basis)
    func writer(_ target: TargetSpecification) -> CoefficientWriter {
      CoefficientWriter(basis: basis, decoder: tables.lowRank[0], target: target)
    }
    for input in inputs[500...] {
      let found = try coefficients(writer(target), input)
      let plain = try coefficients(writer(unfitted(target)), input)
      // Rounding of single precision may tip a value that lies between two steps.
      #expect(zip(found, plain).allSatisfy { abs($0 - $1) <= 1 })
      #expect(zip(found, plain).count { $0 != $1 } <= 1)
    }
  }

  private func unfitted(_ target: TargetSpecification) -> TargetSpecification {
    var target = target
    target.fittedTokens = nil
    return target
  }

  private func coefficients(_ writer: CoefficientWriter, _ input: [Float]) throws -> [Int32] {
    let found = try logits(input).withUnsafeBufferPointer { logits in
      try input.withUnsafeBufferPointer { try writer.coefficients($0, logits: logits) }
    }
    return try #require(found)
  }

  /// The error of the tail's logits as a reader makes them, weighted by squared probabilities.
  private func weightedError(_ target: TargetSpecification) throws -> Double {
    let tables = try tables(target)
    let basis = try #require(tables.targets[0].basis)
    let decoder = try #require(tables.lowRank[0])
    let writer = CoefficientWriter(basis: basis, decoder: decoder, target: target)
    let estimate = LowRankEstimate(decoder: decoder, rank: Self.rank, headStep: target.step)
    var sum = 0.0
    for input in inputs[500...] {
      let exact = logits(input)
      let order = exact.indices.sorted { exact[$0] > exact[$1] }
      let ids = order.prefix(Self.k).map(Int32.init)
      let head = ids.map { exact[Int($0)] - exact[order[0]] }
      let whole = try coefficients(writer, input)
      let known: [Float] = zip(whole, basis.steps).map { Float($0) * $1 }
      var extended = [Float](repeating: 0, count: estimate.components)
      known.withUnsafeBufferPointer { known in
        ids.withUnsafeBufferPointer { ids in
          head.withUnsafeBufferPointer { head in
            extended.withUnsafeMutableBufferPointer {
              estimate.extend(known, ids: ids, logits: head, into: $0)
            }
          }
        }
      }
      let found = logits(decoder, extended)
      let most = Double(exact[order[0]])
      let total: Double = exact.reduce(0) { $0 + exp(Double($1) - most) }
      let tail = order.dropFirst(Self.k)
      let weights: [Double] = tail.map { pow(exp(Double(exact[$0]) - most) / total, 2) }
      let errors: [Double] = tail.map { Double(found[$0] - exact[$0]) }
      var mean = 0.0
      for (weight, error) in zip(weights, errors) { mean += weight * error }
      mean /= weights.reduce(0, +)
      for (weight, error) in zip(weights, errors) { sum += weight * pow(error - mean, 2) }
    }
    return sum
  }

  /// Squared error of the tail's logits, whose mean is of no account.
  private func error(_ found: [Float], _ exact: [Float], outside ids: [Int32]) -> Double {
    let kept = Set(ids)
    let differences = found.indices.filter { !kept.contains(Int32($0)) }
      .map { Double(found[$0] - exact[$0]) }
    let mean = differences.reduce(0, +) / Double(differences.count)
    return differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  }

  @Test func tablesComeOutTheSameFromRowsInAnyOrder() throws {
    let target = TargetSpecification(headK: 3, tail: .lowrank, rank: 5)
    #expect(try tables(target).targets == tables(target).targets)
  }
}
