import Foundation
import Kernels
import Testing

@Suite struct AttentionTests {
  static let starts: [Int32] = [0, 5, 6, 46]
  static let (heads, hidden) = (3, 24)

  struct Result {
    var output: [Float]
    var dQKV: [Float]
  }

  static func run(
    _ precision: Precision, _ qkv: [Float], _ dOutput: [Float], starts: [Int32] = starts
  ) -> Result {
    let tokens = qkv.count / (3 * hidden)
    let longest = zip(starts, starts.dropFirst()).map { Int($1 - $0) }.max() ?? 0
    let attention = Attention(
      sequenceStarts: starts, heads: heads, hidden: hidden, precision: precision)
    let scratch = (0..<Parallel.threads).map { _ in
      Attention.Scratch(
        count: Attention.scratchCount(heads: heads, longestSequence: longest),
        precision: precision)
    }
    let input = ElementwiseTests.operand(qkv, tokens, precision)
    let output = ElementwiseTests.operand(
      [Float](repeating: 0, count: tokens * hidden), tokens, precision)
    let probabilities = OperandBuffer(
      count: attention.probabilityStarts[starts.count - 1], precision: precision)
    attention.forward(
      qkv: input.view, probabilities: probabilities, scratch: scratch, into: output.view)
    // Without probabilities the result is the same.
    let again = ElementwiseTests.operand(
      [Float](repeating: 0, count: tokens * hidden), tokens, precision)
    attention.forward(qkv: input.view, probabilities: nil, scratch: scratch, into: again.view)
    #expect(again.view.values == output.view.values)
    let dQKV = ElementwiseTests.operand(qkv, tokens, precision)
    attention.backward(
      ElementwiseTests.operand(dOutput, tokens, precision).view, qkv: input.view,
      probabilities: probabilities, scratch: scratch, into: dQKV.view)
    return Result(output: output.view.values, dQKV: dQKV.view.values)
  }

  /// The definition in double, one query at a time.
  static func output(_ qkv: [Float], starts: [Int32] = starts) -> [Double] {
    let tokens = qkv.count / (3 * hidden)
    let size = hidden / heads
    var output = [Double](repeating: 0, count: tokens * hidden)
    func at(_ token: Int, _ part: Int, _ head: Int, _ i: Int) -> Double {
      Double(qkv[token * 3 * hidden + part * hidden + head * size + i])
    }
    for (first, end) in zip(starts, starts.dropFirst()).map({ (Int($0), Int($1)) }) {
      for head in 0..<heads {
        for query in first..<end {
          let scores = (first..<end).map { key in
            (0..<size).reduce(0.0) { $0 + at(query, 0, head, $1) * at(key, 1, head, $1) }
              / Double(size).squareRoot()
          }
          let weights = scores.map { exp($0) }
          let sum = weights.reduce(0, +)
          for (offset, weight) in weights.enumerated() {
            for i in 0..<size {
              output[query * hidden + head * size + i] +=
                weight / sum * at(first + offset, 2, head, i)
            }
          }
        }
      }
    }
    return output
  }

  @Test(arguments: Precision.allCases)
  func equalsItsDefinitionAndItsGradientFiniteDifferences(precision: Precision) {
    let qkv = MatrixProductTests.values(46 * 3 * Self.hidden, 0.77)
    let dOutput = MatrixProductTests.values(46 * Self.hidden, 1.31)
    let result = Self.run(precision, qkv, dOutput)
    let expected = Self.output(qkv)
    // Rounded probabilities (8 bits) of values up to 1, and a rounded result.
    let tolerance = precision == .fp32 ? 1e-6 : 1e-2
    for (value, exact) in zip(result.output, expected) {
      #expect(abs(Double(value) - exact) < tolerance)
    }
    // Every 37th of the inputs; a step of 1e-4 in double leaves errors near 1e-8.
    for index in stride(from: 0, to: qkv.count, by: 37) {
      var shifted = qkv
      func loss(_ step: Float) -> Double {
        shifted[index] = qkv[index] + step
        return zip(Self.output(shifted), dOutput).reduce(0) { $0 + $1.0 * Double($1.1) }
      }
      let step: Float = 1.0 / 1024
      let numeric = (loss(step) - loss(-step)) / Double(2 * step)
      #expect(abs(Double(result.dQKV[index]) - numeric) < (precision == .fp32 ? 1e-5 : 3e-2))
    }
  }

  /// 200 tokens have more scores than are worked on at once, so their heads come one by one.
  @Test(arguments: Precision.allCases)
  func aLongSequenceIsWorkedOffInParts(precision: Precision) {
    let starts = Self.starts + [246]
    let qkv = MatrixProductTests.values(246 * 3 * Self.hidden, 0.77)
    let dOutput = MatrixProductTests.values(246 * Self.hidden, 1.31)
    let result = Self.run(precision, qkv, dOutput, starts: starts)
    let tolerance = precision == .fp32 ? 1e-6 : 1e-2
    for (value, exact) in zip(result.output, Self.output(qkv, starts: starts)) {
      #expect(abs(Double(value) - exact) < tolerance)
    }
    // The others do not know of it.
    let alone = Self.run(
      precision, Array(qkv.prefix(46 * 3 * Self.hidden)), Array(dOutput.prefix(46 * Self.hidden)))
    #expect(alone.output[...] == result.output.prefix(alone.output.count))
    #expect(alone.dQKV[...] == result.dQKV.prefix(alone.dQKV.count))
    for index in stride(from: 50 * 3 * Self.hidden + 5, to: qkv.count, by: 2_411) {
      var shifted = qkv
      func loss(_ step: Float) -> Double {
        shifted[index] = qkv[index] + step
        return zip(Self.output(shifted, starts: starts), dOutput).reduce(0) {
          $0 + $1.0 * Double($1.1)
        }
      }
      let step: Float = 1.0 / 1024
      let numeric = (loss(step) - loss(-step)) / Double(2 * step)
      #expect(abs(Double(result.dQKV[index]) - numeric) < (precision == .fp32 ? 1e-5 : 3e-2))
    }
  }
}
