import Foundation
import Kernels
import LogitCache
import TestSupport
import Testing

@Suite struct TailTests {
  private static let temperatures = [1, 1.5, 2, 3, 4, 8]

  /// Errors of the tail's mass after quantisation, over all temperatures.
  private func errors(of row: [Float], storedK: Int, k: Int) throws -> [Double] {
    let selected = try #require(Selected(row, k: storedK))
    let (values, exact) = (selected.values, selected.tail)
    let head = values.map { $0 - values[0] }
    let tail = TailPartition(
      scalars: TailCode.scalars(TailCode.integers(exact, count: 5))[0], count: row.count - storedK,
      dropped: head[k...])
    let reference = ReferenceRow(row)
    return Self.temperatures.map { temperature in
      let outside = exp(tail.logPartition(beta: 1 / temperature))
      let inside = head[..<k].reduce(0) { $0 + exp(Double($1) / temperature) }
      return abs(
        outside / (outside + inside) - reference.tailMass(k: k, temperature: temperature))
    }
  }

  @Test(arguments: SyntheticLogits.Shape.allCases, [(16, 16), (64, 64), (64, 16)])
  func massIsRightAtEveryTemperature(shape: SyntheticLogits.Shape, heads: (Int, Int)) throws {
    var all: [Double] = []
    for seed: UInt64 in 1...12 {
      let row = SyntheticLogits.row(shape, vocabSize: 30_522, seed: seed)
      all += try errors(of: row, storedK: heads.0, k: heads.1)
    }
    // The bounds that the format promises, quantisation included.
    #expect(all.reduce(0, +) / Double(all.count) < 0.001)
    #expect((all.max() ?? 1) < 0.01)
  }

  @Test(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
  func massIsRightOnARealTeachersRows() throws {
    let rows = try RealLogits.rows()
    #expect(rows.count == 6)
    let all = try rows.flatMap { try errors(of: $0, storedK: 64, k: 64) }
    #expect(all.reduce(0, +) / Double(all.count) < 0.001)
    #expect((all.max() ?? 1) < 0.01)
  }

  @Test func theEndsAndTheMiddleAreExact() {
    let scalars = SoftTargetSelection.TailScalars(
      logPartition: -3, slope: -7, halfLogPartition: 1.5, halfSlope: -12, mean: -14)
    let tail = TailPartition(scalars: scalars, count: 30_000)
    #expect(abs(tail.logPartition(beta: 1) + 3) < 1e-12)
    #expect(abs(tail.logPartition(beta: 0.5) - 1.5) < 1e-12)
    #expect(abs(tail.logPartition(beta: 1e-9) - log(30_000)) < 1e-6)
    // Slopes at the nodes, by differences of 1e-6.
    let slope = (tail.logPartition(beta: 1) - tail.logPartition(beta: 1 - 1e-6)) / 1e-6
    #expect(abs(slope + 7) < 1e-3)
  }

  @Test func scalarsAreWithinHalfAUnitAndComeBackFromTheirCode() throws {
    var generator = SeededGenerator(seed: 21)
    let rows = (0..<1000).map { _ in
      SoftTargetSelection.TailScalars(
        logPartition: .random(in: -31...10, using: &generator),
        slope: .random(in: -100...0, using: &generator),
        halfLogPartition: .random(in: -31...10, using: &generator),
        halfSlope: .random(in: -100...0, using: &generator),
        mean: .random(in: -100...0, using: &generator))
    }
    let deep = SoftTargetSelection.TailScalars(
      logPartition: -900, slope: -900, halfLogPartition: -440, halfSlope: -900, mean: -900)
    let code = TailCode(sample: rows.map { TailCode.integers($0, count: 5) }, count: 5)
    for scalars in rows + [deep] {
      let integers = TailCode.integers(scalars, count: 5)
      let coded = code.differences(integers) + code.differences(integers)
      #expect(
        coded.withUnsafeBufferPointer(code.integers(differences:)) == integers + integers)
      let back = TailCode.scalars(integers)[0]
      #expect(abs(back.logPartition - scalars.logPartition) <= 1.0 / 512)
      #expect(abs(back.halfLogPartition - scalars.halfLogPartition) <= 1.0 / 512)
      #expect(abs(back.slope - scalars.slope) <= 1.0 / 64)
      #expect(abs(back.halfSlope - scalars.halfSlope) <= 1.0 / 64)
      #expect(abs(back.mean - scalars.mean) <= 1.0 / 64)
    }
  }

  @Test func scalarsOutOfTheirRangeAreRefused() {
    let code = TailCode(sample: [[0, 0, 0, 0, 0], [9, 9, 9, 9, 9]], count: 5)
    for column in 0..<5 {
      var coded = [UInt32](repeating: 0, count: 10)
      coded[5 + column] = (1 << 24) - 1
      #expect(coded.withUnsafeBufferPointer(code.integers(differences:)) == nil)
    }
  }

  @Test func whatGoesTogetherIsForetold() {
    // Five numbers that follow from one: all but the first cost next to nothing.
    let rows = (0..<500).map { row -> [Int32] in
      (1...5).map { (column: Int) -> Int32 in Int32(2 * row * column + 7) }
    }
    let code = TailCode(sample: rows, count: 5)
    for row in rows { #expect(code.differences(row).dropFirst().allSatisfy { $0 <= 2 }) }
  }
}

/// Reference logits of a teacher with real weights, `[6, 30522]`.
enum RealLogits {
  static func rows() throws -> [[Float]] {
    let url = try #require(SharedFixtures.url("models/minilm-mlm/expected.safetensors"))
    let data = [UInt8](try Data(contentsOf: url))
    let headerBytes = data.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    let header = try JSONSerialization.jsonObject(with: Data(data[8..<8 + headerBytes]))
    let tensor = try #require((header as? [String: Any])?["masked_logits"] as? [String: Any])
    let offsets = try #require(tensor["data_offsets"] as? [Int])
    let shape = try #require(tensor["shape"] as? [Int])
    return data.withUnsafeBytes { raw in
      (0..<shape[0]).map { row in
        (0..<shape[1]).map { column in
          raw.loadUnaligned(
            fromByteOffset: 8 + headerBytes + offsets[0] + 4 * (row * shape[1] + column),
            as: Float.self)
        }
      }
    }
  }
}
