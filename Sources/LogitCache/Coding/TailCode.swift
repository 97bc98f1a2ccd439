import Foundation
package import Kernels

/// The tail's scalars as integers, each less what the ones before it foretell.
///
/// The scalars of a row go together: a teacher that is sure has little mass in the tail at every
/// temperature. So each is coded as its difference from a linear prediction, whose factors come from
/// a sample and are kept with the cache, in 65536ths, so that all readers round alike.
package struct TailCode: Sendable, Equatable {
  /// Scalars in their order, and the unit of each integer.
  private static let allUnits: [Double] = [1.0 / 256, 1.0 / 32, 1.0 / 256, 1.0 / 32, 1.0 / 32]
  /// Of `lowrank` two or three log-partitions are kept.
  private static let partitionUnit = 1.0 / 256
  /// Integers are held to this magnitude, so that a difference of two has a place in a stream.
  private static let largest = 1 << 20

  /// For each scalar: constant, then a factor for each scalar before it, in 65536ths.
  package let factors: [[Int32]]
  /// The code of each difference.
  package let codes: [PrefixCode]

  /// Number of scalars: 5, 3 or 2.
  package var count: Int { codes.count }

  /// Codes as they were kept; nil where the counts do not agree.
  init?(factors: [[Int32]], codes: [PrefixCode]) {
    guard [2, 3, 5].contains(codes.count), factors.count == codes.count,
      factors.enumerated().allSatisfy({ $1.count == $0 + 1 })
    else { return nil }
    self.factors = factors
    self.codes = codes
  }

  /// The best codes for a sample.
  ///
  /// - Parameters:
  ///   - sample: The integers of some rows, `[rows][count]`.
  ///   - count: Scalars of a row: 5, 3 or 2.
  package init(sample: [[Int32]], count: Int) {
    let factors = (0..<count).map { Self.fit(sample, column: $0) }
    let differences = sample.map { row in
      (0..<count).map { ZigZag.encode(Self.difference(row, $0, factors)) }
    }
    self.factors = factors
    codes = (0..<count).map { column in PrefixCode(sample: differences.map { $0[column] }) }
  }

  /// The integers of a row's scalars: all five, or the log-partitions of 1, 1/2 and, of three, 3/4.
  ///
  /// - Precondition: Of three, a(3/4) is known.
  package static func integers(_ tail: SoftTargetSelection.TailScalars, count: Int) -> [Int32] {
    var values = [tail.logPartition, tail.halfLogPartition]
    if count == 5 {
      values = [tail.logPartition, tail.slope, tail.halfLogPartition, tail.halfSlope, tail.mean]
    } else if count == 3 {
      guard let third = tail.threeQuarterLogPartition else { preconditionFailure("no a(3/4)") }
      values.append(third)
    }
    let units =
      count == 5 ? allUnits : [Double](repeating: partitionUnit, count: values.count)
    return zip(values, units).map { value, unit in
      Int32(min(max((value / unit).rounded(), -Double(largest)), Double(largest)))
    }
  }

  /// What is coded of a row, one unsigned value a scalar.
  package func differences(_ integers: [Int32]) -> [UInt32] {
    (0..<count).map { ZigZag.encode(Self.difference(integers, $0, factors)) }
  }

  /// The integers of some rows from what was coded.
  ///
  /// - Parameter differences: `[rows, count]`.
  /// - Returns: `[rows, count]`, or nil where one is out of range.
  package func integers(differences: UnsafeBufferPointer<UInt32>) -> [Int32]? {
    CodedTargets.scalars(
      differences, count: count, factors: factors.flatMap(\.self), largest: Self.largest)
  }

  /// The five scalars of some rows.
  ///
  /// - Precondition: `integers` is `[rows, 5]`.
  package static func scalars(_ integers: [Int32]) -> [SoftTargetSelection.TailScalars] {
    precondition(integers.count.isMultiple(of: 5), "\(integers.count) integers")
    return stride(from: 0, to: integers.count, by: 5).map { first in
      func value(_ column: Int) -> Double { Double(integers[first + column]) * allUnits[column] }
      return SoftTargetSelection.TailScalars(
        logPartition: value(0), slope: value(1), halfLogPartition: value(2), halfSlope: value(3),
        mean: value(4))
    }
  }

  /// The log-partitions of some rows, column by column.
  ///
  /// - Precondition: `integers` is `[rows, count]`.
  static func partitions(_ integers: [Int32], count: Int) -> [[Float]] {
    precondition(integers.count.isMultiple(of: count), "\(integers.count) integers")
    let rows = integers.count / count
    return integers.withUnsafeBufferPointer { integers in
      (0..<count).map { column in
        [Float](unsafeUninitializedCapacity: rows) { values, initialized in
          for row in 0..<rows {
            values[row] = Float(Double(integers[count * row + column]) * partitionUnit)
          }
          initialized = rows
        }
      }
    }
  }

  private static func difference(_ row: [Int32], _ column: Int, _ factors: [[Int32]]) -> Int32 {
    Int32(clamping: Int64(row[column]) - prediction(row, column, factors))
  }

  private static func prediction(_ row: [Int32], _ column: Int, _ factors: [[Int32]]) -> Int64 {
    var sum = Int64(factors[column][0]) + half
    for earlier in 0..<column { sum += Int64(factors[column][earlier + 1]) * Int64(row[earlier]) }
    return held(sum)
  }

  /// One half, so that the shift rounds.
  private static let half: Int64 = 32_768

  /// A prediction in 65536ths as an integer, held so that a difference has a place in a stream.
  private static func held(_ sum: Int64) -> Int64 {
    min(max(sum >> 16, -2 * Int64(largest)), 2 * Int64(largest))
  }

  /// Least squares of a column from the ones before it, by the normal equations.
  private static func fit(_ sample: [[Int32]], column: Int) -> [Int32] {
    let size = column + 1
    func term(_ row: [Int32], _ index: Int) -> Double { index == 0 ? 1 : Double(row[index - 1]) }
    var matrix = [[Double]](repeating: [Double](repeating: 0, count: size + 1), count: size)
    for row in sample {
      for i in 0..<size {
        for j in 0..<size { matrix[i][j] += term(row, i) * term(row, j) }
        matrix[i][size] += term(row, i) * Double(row[column])
      }
    }
    // A little ridge, so that a small or constant sample has a solution too.
    for i in 0..<size { matrix[i][i] += 1e-6 * (matrix[i][i] + 1) }
    for i in 0..<size {
      for j in 0..<size where j != i {
        let factor = matrix[j][i] / matrix[i][i]
        for k in i...size { matrix[j][k] -= factor * matrix[i][k] }
      }
    }
    return (0..<size).map { index in
      let factor = matrix[index][size] / matrix[index][index]
      guard factor.isFinite, abs(factor) < 30_000 else { return 0 }
      return Int32((factor * 65_536).rounded())
    }
  }
}
