import Kernels
import TestSupport
import Testing

struct CodedTargetsTests {
  private static func bytes(rows: Int, columns: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return (0..<rows * columns).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  @Test(arguments: [1, 3, 7, 8])
  func bytesMakeTheTileAndTheCoefficientsThatTheirValuesMake(columns: Int) {
    let steps = (0..<16).map { 0.25 + Float($0) }
    for rows in [1, 15, 16, 17, 100] {
      let bytes = Self.bytes(rows: rows, columns: columns, seed: UInt64(rows))
      let expected = (0..<rows).flatMap { row in
        (0..<columns).map { UInt32(bytes[$0 * rows + row]) }
      }
      var tile = [UInt32](repeating: 9, count: rows * columns)
      var fromBytes = [Float](repeating: 9, count: rows * 16)
      var fromTile = fromBytes
      let range = 5..<5 + columns
      bytes.withUnsafeBufferPointer { bytes in
        tile.withUnsafeMutableBufferPointer { tile in
          CodedTargets.tile(bytes: bytes, columns: columns, into: tile)
          fromTile.withUnsafeMutableBufferPointer {
            CodedTargets.coefficients(tile, steps: steps, into: $0, columns: range, of: 16)
          }
        }
        fromBytes.withUnsafeMutableBufferPointer {
          CodedTargets.coefficients(bytes: bytes, steps: steps, into: $0, columns: range, of: 16)
        }
      }
      #expect(tile == expected)
      #expect(fromBytes == fromTile)
    }
  }

  @Test(arguments: [1, 3, 7, 8]) func bytesMakeTheLogitsThatTheirValuesMake(columns: Int) {
    for rows in [1, 15, 16, 17, 100] {
      let bytes = Self.bytes(rows: rows, columns: columns, seed: UInt64(rows + 1))
      var tile = (0..<rows).flatMap { row in
        (0..<columns).map { UInt32(bytes[$0 * rows + row]) }
      }
      var (fromBytes, fromTile) = ([Float](repeating: 9, count: rows * 16), [Float]())
      fromTile = fromBytes
      var sums = (0..<rows).map { UInt32($0 * 3) }
      var tileSums = sums
      let range = 5..<5 + columns
      let largest = bytes.withUnsafeBufferPointer { bytes in
        fromBytes.withUnsafeMutableBufferPointer {
          CodedTargets.logits(
            bytes: bytes, step: 0.0625, sums: &sums, into: $0, columns: range, of: 16)
        }
      }
      let tileLargest = tile.withUnsafeMutableBufferPointer { tile in
        fromTile.withUnsafeMutableBufferPointer {
          CodedTargets.logits(
            tile, step: 0.0625, sums: &tileSums, into: $0, columns: range, of: 16)
        }
      }
      #expect(fromBytes == fromTile)
      #expect(sums == tileSums)
      #expect(largest == tileLargest)
    }
  }

  @Test(arguments: [2, 4]) func planesMakeTokens(width: Int) {
    let order: [Int32] = (0..<300).reversed()
    let ranks: [UInt32] = (0..<77).map { ($0 * 37) % 300 } + [299]
    let planes = (0..<width).flatMap { plane in ranks.map { UInt8($0 >> UInt32(8 * plane) & 255) } }
    #expect(
      CodedTargets.tokens(planes: planes, width: width, of: order) == ranks.map { order[Int($0)] })
    #expect(CodedTargets.tokens(planes: planes, width: width, of: Array(order.dropLast())) == nil)
    #expect(CodedTargets.tokens(planes: [], width: width, of: order) == [])
    #expect(CodedTargets.tokens(planes: [0], width: width, of: order) == nil)
  }

  @Test(arguments: [5, 16, 20]) func aRowThatNamesATokenTwiceIsFound(width: Int) {
    let rows = 9
    let ids = (0..<rows).flatMap { row in (0..<width).map { Int32(($0 * 3 + row) % 80) } }
    func repeated(_ ids: [Int32]) -> Int? {
      ids.withUnsafeBufferPointer { CodedTargets.repeatedRow($0, width: width, vocabSize: 80) }
    }
    #expect(repeated(ids) == nil)
    for row in [0, 4, 8] {
      for first in 0..<width {
        for second in 0..<width where second != first {
          var other = ids
          other[row * width + first] = other[row * width + second]
          #expect(repeated(other) == row)
        }
      }
    }
  }

  @Test(arguments: [2, 3, 5]) func scalarsAreTheDifferencesFromTheirPrediction(count: Int) {
    var generator = SeededGenerator(seed: 6)
    let factors = (0..<count * (count + 1) / 2).map { _ in
      Int32.random(in: -100_000...100_000, using: &generator)
    }
    let integers = (0..<50 * count).map { _ in Int32.random(in: -1000...1000, using: &generator) }
    var differences: [UInt32] = []
    for row in 0..<50 {
      var factor = factors.makeIterator()
      for column in 0..<count {
        var sum = Int64(factor.next() ?? 0) + 32_768
        for j in 0..<column { sum += Int64(factor.next() ?? 0) * Int64(integers[row * count + j]) }
        let value = Int32(Int64(integers[row * count + column]) - (sum >> 16))
        differences.append(UInt32(bitPattern: value << 1 ^ value >> 31))
      }
    }
    func scalars(_ differences: [UInt32], largest: Int) -> [Int32]? {
      differences.withUnsafeBufferPointer {
        CodedTargets.scalars($0, count: count, factors: factors, largest: largest)
      }
    }
    #expect(scalars(differences, largest: 1 << 20) == integers)
    #expect(scalars([], largest: 1 << 20) == [])
    differences[count * 30 + 1] = (1 << 24) - 1
    #expect(scalars(differences, largest: 1 << 20) == nil)
  }
}
