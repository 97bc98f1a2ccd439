import Foundation
import Kernels
import LogitCache
import TestSupport

extension SeededGenerator {
  /// Standard normal (Box and Muller).
  mutating func normal() -> Float {
    let radius = (-2 * log(Double.random(in: 1e-12..<1, using: &self))).squareRoot()
    return Float(radius * cos(2 * .pi * Double.random(in: 0..<1, using: &self)))
  }
}

/// Rows of logits in the shapes that masked-language models give.
enum SyntheticLogits {
  enum Shape: CaseIterable {
    /// A content word: Zipf's prior, noise, a few good candidates.
    case usual
    /// Nothing is known: almost the prior.
    case flat
    /// One token has all but 1e-6 or so.
    case nearOneHot
  }

  static func row(_ shape: Shape, vocabSize: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    let spread: Float = shape == .flat ? 0.3 : 1.8
    var row = (0..<vocabSize).map { -log(Float($0 + 3)) + spread * generator.normal() - 4 }
    switch shape {
    case .usual:
      for boost in 1...12 {
        row[Int.random(in: 0..<vocabSize, using: &generator)] += 12 - 0.8 * Float(boost)
      }
    case .flat: break
    case .nearOneHot: row[Int.random(in: 0..<vocabSize, using: &generator)] = 24
    }
    return row
  }
}

/// The definitions in double precision, against which everything is compared.
struct ReferenceRow {
  let largest: Double
  let order: [Int]
  private let logits: [Double]

  init(_ row: [Float]) {
    logits = row.map(Double.init)
    order = row.indices.sorted { row[$0] != row[$1] ? row[$0] > row[$1] : $0 < $1 }
    largest = logits[order[0]]
  }

  /// log sum over the tail beyond the first k of exp(beta (z - m)), and the mean tail logit.
  func tail(k: Int, beta: Double) -> (logPartition: Double, slope: Double) {
    let tail = order[k...].map { logits[$0] - largest }
    let most = tail[0]
    var mass = 0.0
    var mean = 0.0
    for z in tail {
      mass += exp(beta * (z - most))
      mean += exp(beta * (z - most)) * z
    }
    return (beta * most + log(mass), mean / mass)
  }

  /// The softmax of a token at T = 1.
  func probability(_ id: Int) -> Double {
    exp(logits[id] - largest) / logits.reduce(0) { $0 + exp($1 - largest) }
  }

  /// The tail's share of the softmax at a temperature.
  func tailMass(k: Int, temperature: Double) -> Double {
    let beta = 1 / temperature
    let tail = exp(self.tail(k: k, beta: beta).logPartition)
    let head = order[..<k].reduce(0.0) { $0 + exp(beta * (logits[$1] - largest)) }
    return tail / (tail + head)
  }
}

/// The head and the tail of a row, as the kernel finds them.
struct Selected {
  let ids: [Int32]
  let values: [Float]
  let tail: SoftTargetSelection.TailScalars

  init?(_ row: [Float], k: Int) {
    var ids = [Int32](repeating: -1, count: k)
    var values = [Float](repeating: .nan, count: k)
    let tail = row.withUnsafeBufferPointer { logits in
      ids.withUnsafeMutableBufferPointer { ids in
        values.withUnsafeMutableBufferPointer { values in
          SoftTargetSelection.select(logits, ids: ids, values: values)
        }
      }
    }
    guard let tail else { return nil }
    self.ids = ids
    self.values = values
    self.tail = tail
  }
}
