import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct SelectionTests {
  private func expectReference(_ row: [Float], k: Int) throws {
    let reference = ReferenceRow(row)
    let found = try #require(Selected(row, k: k))
    #expect(found.ids == reference.order[..<k].map(Int32.init))
    #expect(found.values == reference.order[..<k].map { row[$0] })
    let one = reference.tail(k: k, beta: 1)
    let half = reference.tail(k: k, beta: 0.5)
    let zero = reference.tail(k: k, beta: 0)
    for (found, expected) in [
      (found.tail.logPartition, one.logPartition), (found.tail.slope, one.slope),
      (found.tail.halfLogPartition, half.logPartition), (found.tail.halfSlope, half.slope),
      (found.tail.mean, zero.slope),
    ] {
      // Single-precision exponentials (1e-7) squared and summed by blocks of 256.
      #expect(abs(found - expected) <= 2e-6 * max(1, abs(expected)), "k \(k)")
    }
  }

  @Test(arguments: SyntheticLogits.Shape.allCases, [1, 16, 64, 500])
  func headAndScalarsAreTheReference(shape: SyntheticLogits.Shape, k: Int) throws {
    for seed: UInt64 in 1...4 {
      try expectReference(SyntheticLogits.row(shape, vocabSize: 5003, seed: seed), k: k)
    }
  }

  @Test func tiesGoToTheLowerID() throws {
    var generator = SeededGenerator(seed: 5)
    for k in [1, 7, 100, 999] {
      let row = (0..<1000).map { _ in Float(Int.random(in: 0...4, using: &generator)) }
      try expectReference(row, k: k)
    }
    try expectReference([0, -0.0, 0, -0.0, -1], k: 3)
  }

  @Test func aLargeVocabularyFullOfTiesKeepsItsLowestIDs() throws {
    // More parts than are looked at by themselves, and more candidates than the scratch holds.
    let count = 200_003
    let equal = [Float](repeating: -1.5, count: count)
    let lowest = (0..<64).map { Int32($0) }
    #expect(Selected(equal, k: 64)?.ids == lowest)
    var row = (0..<count).map { Float($0 % 7) }
    row[count - 1] = 8
    let sixes = (0..<19).map { Int32(7 * $0 + 6) }
    let largest = [Int32(count - 1)] + sixes
    #expect(try #require(Selected(row, k: 20)).ids == largest)
  }

  @Test func orderOfTheRowDoesNotMatter() throws {
    for k in [0, 1, 33] {
      try expectReference((0..<2000).map { Float($0) / 100 }, k: max(k, 1))
      try expectReference((0..<2000).map { -Float($0) / 100 }, k: max(k, 1))
    }
    #expect(Selected([1, 2, 3], k: 0)?.ids == [])
    try expectReference([3, 1], k: 1)
  }

  @Test func aVeryDeepTailDoesNotUnderflow() throws {
    var row = SyntheticLogits.row(.usual, vocabSize: 1000, seed: 9)
    row[17] = 900
    try expectReference(row, k: 1)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity]) func aLogitThatIsNotFiniteIsReported(
    bad: Float
  ) {
    for place in [0, 255, 256, 998] {
      var row = SyntheticLogits.row(.usual, vocabSize: 999, seed: 3)
      row[place] = bad
      #expect(Selected(row, k: 8) == nil)
    }
  }
}
