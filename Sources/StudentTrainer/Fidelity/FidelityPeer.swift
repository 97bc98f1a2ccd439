import Foundation
import Kernels

/// What other programs keep of a row and make of it, in our own words, to measure beside a cache.
///
/// DistillKit keeps the k largest log-probabilities at T = 1, sorted: the first few in bf16, the rest as
/// a curve over their place t = 0, 1, 2 ..., fitted by least squares to powers and the root of t, with
/// coefficients in fp32 (here fitted in double, which is kinder than its single precision). IDs take
/// ceil(log2 V) bits. At another temperature the kept probabilities and the mass that they leave of 1 are
/// raised to 1 / T and divided by their sum; the mass counts as one event.
/// - Source: github.com/arcee-ai/DistillKit, README.md ("recommended configuration", "budget pick"),
///   distillkit/compression/monotonic_logprobs.py, distillkit/lossfuncs/common.py and kl.py
///   (`symmetric_uniform`).
package enum FidelityPeer: Sendable, CaseIterable {
  /// DistillKit's "budget pick".
  case budget
  /// DistillKit's recommended configuration.
  case recommended
  /// The 64 largest logits in fp16 beside 16-bit IDs, renormalised.
  case halfPrecision

  /// Name in a table.
  package var name: String {
    switch self {
    case .budget: "DistillKit, budget (\(count))"
    case .recommended: "DistillKit, recommended (\(count))"
    case .halfPrecision: "top \(count) in fp16, renormalised"
    }
  }

  /// Entries that are kept.
  var count: Int {
    switch self {
    case .budget: 50
    case .recommended: 128
    case .halfPrecision: 64
    }
  }

  /// Entries that are kept as they are.
  private var exactCount: Int {
    switch self {
    case .budget: 1
    case .recommended: 16
    case .halfPrecision: count
    }
  }

  /// Exponents of the curve through the others.
  private var exponents: [Double] {
    switch self {
    case .budget: [0, 1, 0.5]
    case .recommended: [0, 1, 2, 3, 4, 0.5]
    case .halfPrecision: []
    }
  }

  /// Bytes of a row.
  package func bytes(vocabSize: Int) -> Int {
    if self == .halfPrecision { return count * (2 + 2) }
    let bits = (vocabSize - 1).bitWidth - (vocabSize - 1).leadingZeroBitCount
    return (count * bits + 7) / 8 + 2 * exactCount + 4 * exponents.count
  }

  /// What is made of a row at a temperature.
  ///
  /// - Parameters:
  ///   - values: The row's largest log-probabilities, or any logits for `halfPrecision`; largest first.
  ///   - temperature: T, `> 0`.
  /// - Returns: A probability for each, and the mass of all others as one event.
  /// - Precondition: `count` values.
  package func target(
    values: [Double], temperature: Double
  ) -> (probabilities: [Double], tailMass: Double) {
    precondition(values.count == count, "\(values.count) values of \(count)")
    if self == .halfPrecision {
      let weights = values.map { exp((Double(Float16($0)) - values[0]) / temperature) }
      let sum = weights.reduce(0, +)
      return (weights.map { $0 / sum }, 0)
    }
    let kept = values[..<exactCount].map { Self.bfloat16($0) } + curve(values[exactCount...])
    let rest = min(max(1 - kept.reduce(0) { $0 + exp($1) }, 0), 1)
    var probabilities = kept.map { exp($0 / temperature) }
    if temperature != 1 {
      let sum = probabilities.reduce(pow(rest, 1 / temperature), +)
      probabilities = probabilities.map { $0 / sum }
    }
    // What it leaves out of the loss.
    let mass = 1 - probabilities.reduce(0, +)
    return (probabilities, mass > 1e-6 ? mass : 0)
  }

  /// The gradient of T² times its divergence with respect to a student's logits, over T.
  ///
  /// The probabilities need not sum to 1, since curves do not go through their points.
  package static func gradient(
    student: [Double], ids: [Int], probabilities: [Double], tailMass: Double
  ) -> [Double] {
    let kept = ids.reduce(0) { $0 + student[$1] }
    let sum = probabilities.reduce(tailMass, +)
    let ratio = tailMass > 0 ? tailMass / max(1 - kept, 1e-300) : 0
    var gradient = student.map { $0 * (sum - ratio) }
    for (id, p) in zip(ids, probabilities) { gradient[id] = student[id] * sum - p }
    return gradient
  }

  /// The values that the curve gives in place of those that it was fitted to.
  private func curve(_ values: ArraySlice<Double>) -> [Double] {
    let size = exponents.count
    let last = Double(max(values.count - 1, 1))
    // Powers of t / last, so that the normal equations are well posed.
    let terms = values.indices.map { index in
      exponents.map { pow(Double(index - values.startIndex) / last, $0) }
    }
    var matrix = [Double](repeating: 0, count: size * size)
    var factors = [Double](repeating: 0, count: size)
    for (term, value) in zip(terms, values) {
      for i in 0..<size {
        factors[i] += term[i] * value
        for j in 0..<size { matrix[i * size + j] += term[i] * term[j] }
      }
    }
    guard SymmetricMatrix.solve(&matrix, &factors, size: size) else {
      preconditionFailure("fewer points than terms")
    }
    let stored = zip(factors, exponents).map { Float($0 / pow(last, $1)) }
    return values.indices.map { index in
      let place = Double(index - values.startIndex)
      return zip(stored, exponents).reduce(0) { $0 + Double($1.0) * pow(place, $1.1) }
    }
  }

  /// The nearest number of 8 bits of significand.
  private static func bfloat16(_ value: Double) -> Double {
    let bits = Float(value).bitPattern
    let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
    return Double(Float(bitPattern: rounded & 0xFFFF_0000))
  }
}

extension FidelityMeasurement {
  /// Measures what other programs would give on the audited rows.
  ///
  /// - Parameters:
  ///   - peer: What is kept.
  ///   - temperature: T.
  /// - Returns: An entry with the angle, the norm and the bytes.
  package func entry(of peer: FidelityPeer, temperature: Double) -> FidelityReport.Entry {
    let vocab = rows.teacher.columns
    let measured = (0..<rows.count).map { index in
      let teacher = UnsafeBufferPointer(rows.teacher.row(index))
      let order = Self.largest(peer.count, of: teacher)
      let most = Double(teacher[order[0]])
      let logSum = most + log(teacher.reduce(0) { $0 + exp(Double($1) - most) })
      let isLogit = peer == .halfPrecision
      let target = peer.target(
        values: order.map { Double(teacher[$0]) - (isLogit ? most : logSum) },
        temperature: temperature)
      let student = Self.softmax(UnsafeBufferPointer(rows.student.row(index)), temperature)
      let truth = Self.softmax(teacher, temperature)
      let found = FidelityPeer.gradient(
        student: student, ids: order, probabilities: target.probabilities,
        tailMass: target.tailMass)
      var row = Row()
      for id in 0..<vocab {
        let full = student[id] - truth[id]
        row.product += full * found[id]
        row.norm += found[id] * found[id]
        row.fullNorm += full * full
      }
      row.retained = order.reduce(0) { $0 + truth[$1] }
      return row
    }
    return Self.entry(
      measured, variant: peer.name, temperature: temperature,
      bytes: ["all": Double(peer.bytes(vocabSize: vocab))])
  }

  private static func largest(_ count: Int, of row: UnsafeBufferPointer<Float>) -> [Int] {
    Array(row.indices.sorted { row[$0] > row[$1] }.prefix(count))
  }
}
