import Foundation
import StudentTrainer
import TestSupport
import Testing

/// What other programs keep and make of a row, against numbers worked out by hand.
@Suite struct FidelityPeerTests {
  @Test func bytesFollowFromTheLayout() {
    // 50 IDs of 15 bits are 93.75 bytes; one bf16; three fp32.
    #expect(FidelityPeer.budget.bytes(vocabSize: 30_522) == 94 + 2 + 12)
    // 128 IDs of 15 bits are 240 bytes; 16 bf16; six fp32.
    #expect(FidelityPeer.recommended.bytes(vocabSize: 30_522) == 240 + 32 + 24)
    #expect(FidelityPeer.halfPrecision.bytes(vocabSize: 30_522) == 64 * 4)
    // At powers of two the last ID still fits.
    #expect(FidelityPeer.budget.bytes(vocabSize: 32_768) == 94 + 2 + 12)
    #expect(FidelityPeer.budget.bytes(vocabSize: 32_769) == 100 + 2 + 12)
  }

  @Test func valuesOnACurveComeBack() {
    // log p = -2 at place 0, which is kept in bf16, and -4 - t/8 - sqrt(t)/2 after it.
    let values: [Double] = (0..<50).map { place -> Double in
      let t = Double(place - 1)
      return place == 0 ? -2 : -4 - t / 8 - t.squareRoot() / 2
    }
    let target = FidelityPeer.budget.target(values: values, temperature: 1)
    for (found, value) in zip(target.probabilities, values) {
      // Coefficients in fp32, times places of up to 48.
      #expect(abs(found / exp(value) - 1) < 1e-5)
    }
    let rest: Double = values.reduce(1) { $0 - exp($1) }
    #expect(abs(target.tailMass - rest) < 1e-6)
  }

  /// 50 values, all but the first on a line.
  private func line(first: Double, second: Double, slope: Double) -> [Double] {
    var values = [first]
    for place in 0..<49 { values.append(second + slope * Double(place)) }
    return values
  }

  @Test func theFirstIsRoundedToBFloat16() {
    // -1.3 lies between -1.296875 and -1.3046875.
    let values: [Double] = line(first: -1.3, second: -5, slope: -0.25)
    let target = FidelityPeer.budget.target(values: values, temperature: 1)
    #expect(abs(target.probabilities[0] - exp(-1.296875)) < 1e-12)
  }

  @Test func theMassThatIsLeftIsRaisedToAPowerAsOneEvent() {
    let values: [Double] = line(first: -1, second: -6, slope: -0.0625)
    let kept: [Double] = values.map { exp($0) }
    let rest: Double = 1 - kept.reduce(0, +)
    let sum: Double = kept.reduce(rest.squareRoot()) { $0 + $1.squareRoot() }
    let target = FidelityPeer.budget.target(values: values, temperature: 2)
    for (found, p) in zip(target.probabilities, kept) {
      #expect(abs(found - p.squareRoot() / sum) < 1e-6)
    }
    #expect(abs(target.tailMass - rest.squareRoot() / sum) < 1e-5)
  }

  @Test func halfPrecisionKeepsTheHeadAlone() {
    let values = (0..<64).map { -Double($0) / 4 }
    let target = FidelityPeer.halfPrecision.target(values: values, temperature: 2)
    let sum = values.reduce(0) { $0 + exp($1 / 2) }
    // Quarters are numbers of fp16.
    for (found, value) in zip(target.probabilities, values) {
      #expect(abs(found - exp(value / 2) / sum) < 1e-12)
    }
    #expect(target.tailMass == 0)
  }

  @Test func theGradientIsThatOfTheirDivergence() {
    // Three of five tokens; the probabilities sum to 1.05, as a curve's may.
    let ids = [3, 0, 1]
    let p: [Double] = [0.5, 0.3, 0.15]
    let mass = 0.1
    let logits: [Double] = [0.3, -0.2, 0.9, 1.1, -1]
    func softmax(_ x: [Double]) -> [Double] {
      let weights: [Double] = x.map { exp($0) }
      let sum: Double = weights.reduce(0, +)
      return weights.map { $0 / sum }
    }
    func loss(_ x: [Double]) -> Double {
      let q = softmax(x)
      var (rest, sum) = (1.0, 0.0)
      for (id, p) in zip(ids, p) {
        rest -= q[id]
        sum += p * log(p / q[id])
      }
      return sum + mass * log(mass / rest)
    }
    let gradient = FidelityPeer.gradient(
      student: softmax(logits), ids: ids, probabilities: p, tailMass: mass)
    for index in logits.indices {
      var (above, below) = (logits, logits)
      above[index] += 1e-5
      below[index] -= 1e-5
      let slope: Double = (loss(above) - loss(below)) / 2e-5
      #expect(abs(gradient[index] - slope) < 1e-8)
    }
  }
}
