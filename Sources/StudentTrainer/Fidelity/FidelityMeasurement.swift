import Foundation
import Kernels
package import LogitCache

/// Measures what is lost between a teacher's logits and what a cache gives a trainer.
///
/// Both gradients come from the kernels that train, so what is compared is what a student would get.
package struct FidelityMeasurement {
  private let reader: CacheReader
  let rows: AuditedRows

  /// A measurement on a cache's audited rows.
  package init(_ reader: CacheReader, rows: AuditedRows) {
    self.reader = reader
    self.rows = rows
  }

  /// What one row gives.
  struct Row {
    var product = 0.0
    var norm = 0.0
    var fullNorm = 0.0
    var retained: Double?
    var tailError: Double?
    var divergence: Double?
    var shift: Double?
  }

  /// Measures ways of reading at temperatures.
  ///
  /// - Parameters:
  ///   - variants: Ways of reading.
  ///   - temperatures: Each 1 or more; sampled targets are measured at 1 alone.
  ///   - progress: Receives the share that is done.
  /// - Returns: An entry for each way of reading at each temperature.
  /// - Throws: What reading throws; `StudentTrainerError` where the cache does not serve a variant.
  package func report(
    variants: [FidelityVariant], temperatures: [Double], progress: (Double) -> Void = { _ in }
  ) throws -> FidelityReport {
    let specification = reader.specification
    var report = FidelityReport(
      cache: reader.manifest.fingerprint, student: rows.studentName, rows: rows.count, entries: [])
    let work = variants.flatMap { variant in
      temperatures.filter { specification.target.tail != .sampled || $0 == 1 }
        .map { (variant, $0) }
    }
    for (index, (variant, temperature)) in work.enumerated() {
      progress(Double(index) / Double(work.count))
      let measured = try measure(variant, temperature)
      let bytes = try TargetBytes(reader, blocks: rows.blocks.map { ($0.block, $0.replica) })
        .perRow(
          headK: variant.headK, rank: variant.readsShape ? variant.rank : 0,
          wantsTail: variant.tail != .renormalise)
      report.entries.append(
        Self.entry(
          measured, variant: variant.name(specification.target), temperature: temperature,
          bytes: bytes))
    }
    return report
  }

  static func entry(
    _ rows: [Row], variant: String, temperature: Double, bytes: [String: Double]
  ) -> FidelityReport.Entry {
    func mean(_ values: [Double?]) -> Double? {
      let values = values.compactMap(\.self)
      return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    func degrees(_ product: Double, _ a: Double, _ b: Double) -> Double {
      a > 0 && b > 0
        ? acos(min(max(product / (a * b).squareRoot(), -1), 1)) * 180 / .pi : 0
    }
    let (product, norm, full) = rows.reduce((0.0, 0.0, 0.0)) {
      ($0.0 + $1.product, $0.1 + $1.norm, $0.2 + $1.fullNorm)
    }
    // The jackknife: how the angle moves as each row is left out.
    let others = rows.map { degrees(product - $0.product, norm - $0.norm, full - $0.fullNorm) }
    let middle = others.reduce(0, +) / Double(max(others.count, 1))
    let spread = others.reduce(0) { $0 + ($1 - middle) * ($1 - middle) }
    return FidelityReport.Entry(
      variant: variant, temperature: temperature, retainedMass: mean(rows.map(\.retained)),
      tailMassError: mean(rows.map(\.tailError)),
      worstTailMassError: rows.compactMap(\.tailError).max(),
      divergence: mean(rows.map(\.divergence)), gradientAngle: degrees(product, norm, full),
      gradientAngleError: (spread * Double(max(others.count - 1, 0)) / Double(max(others.count, 1)))
        .squareRoot(),
      meanRowAngle: mean(rows.map { degrees($0.product, $0.norm, $0.fullNorm) }) ?? 0,
      gradientNormRatio: full > 0 ? (norm / full).squareRoot() : 1,
      calibrationShift: mean(rows.map(\.shift)), bytes: bytes,
      totalBytes: bytes.values.reduce(0, +))
  }

  private func measure(_ variant: FidelityVariant, _ temperature: Double) throws -> [Row] {
    var configuration = TrainingConfiguration()
    configuration.temperature = temperature
    configuration.headK = variant.headK
    configuration.rank = variant.rank
    configuration.tail = variant.tail
    let options = ReadOptions(
      headK: variant.headK, rank: variant.rank, wantsStates: false)
    let parts = try reader.specification.targets.indices.map {
      try CachedPart(reader: reader, classIndex: $0, configuration: configuration)
    }
    var results: [Row] = []
    for block in rows.blocks {
      let read = try reader.readBlock(block.block, replica: block.replica, options: options)
      for (index, row) in block.rows.enumerated() {
        let place = read.place(row)
        var collected = CachedPart.Rows(parts[place.part], temperature: configuration.temperature)
        collected.append(read.parts[place.part], row: place.row)
        results.append(
          compare(
            collected.finish(), row: block.first + index, head: read.head(row, variant.headK),
            tail: variant.tail, temperature: temperature))
      }
    }
    return results
  }

  /// Compares what a row's target gives with full distillation.
  private func compare(
    _ targets: SoftTargets, row: Int, head: [Int32], tail: TailTreatment?, temperature: Double
  ) -> Row {
    let vocab = rows.teacher.columns
    let options = SoftTargetLossKernels.Options(
      temperature: temperature, softWeight: 1, hardWeight: 0, label: -1)
    let teacher = UnsafeBufferPointer(rows.teacher.row(row))
    let (full, read) = (FloatBuffer(count: vocab), FloatBuffer(count: vocab))
    for buffer in [full, read] { _ = buffer.elements.update(from: rows.student.row(row)) }
    _ = SoftTargetLossKernels.fullTarget(full.elements, teacher: teacher, options: options)
    // Chunks only point to their memory.
    let (scratch, rowScratch) = (TeacherScratch(), TeacherScratch())
    defer { withExtendedLifetime((scratch, rowScratch)) {} }
    let chunk = ChunkTargets(
      targets, 0..<1, temperature: temperature, tail: tail, scratch: scratch)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: chunk.scratchCount) {
      _ = chunk.loss(0, row: read.elements, options: options, scratch: $0)
    }
    var result = Row()
    for id in 0..<vocab {
      let (a, b) = (Double(full.elements[id]), Double(read.elements[id]))
      result.product += a * b
      result.norm += b * b
      result.fullNorm += a * a
    }
    let truth = Self.softmax(teacher, temperature)
    if !head.isEmpty { result.retained = head.reduce(0) { $0 + truth[Int($1)] } }
    guard tail == nil || tail == .shaped || tail == .uniform, targets.hasDistribution else {
      return result
    }
    let rowChunk = ChunkTargets(
      targets, 0..<1, temperature: temperature, scratch: rowScratch, rowSize: vocab)
    let found = Self.softmax(rowChunk.row(of: 0), temperature)
    if case .heads = targets, tail == nil {
    } else {
      result.divergence = zip(truth, found).reduce(0) {
        $1.0 > 0 ? $0 + $1.0 * (log($1.0) - log(max($1.1, 1e-300))) : $0
      }
    }
    if !head.isEmpty {
      let kept = head.reduce(0) { $0 + found[Int($1)] }
      result.tailError = abs(kept - (result.retained ?? 0))
    }
    let top = truth.indices.max { truth[$0] < truth[$1] } ?? 0
    result.shift = abs(found[top] - truth[top])
    return result
  }

  static func softmax(
    _ logits: UnsafeBufferPointer<Float>, _ temperature: Double
  ) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    let weights = logits.map { exp((Double($0) - largest) / temperature) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }
}

extension SoftTargets {
  /// Whether a target is a distribution over the whole vocabulary.
  fileprivate var hasDistribution: Bool {
    if case .sampled = self { false } else { true }
  }
}

extension SoftTargetBlock {
  /// The head of a row, or its first entries.
  fileprivate func head(_ row: Int, _ k: Int?) -> [Int32] {
    let place = place(row)
    let part = parts[place.part]
    return Array(part.headIDs[place.row * part.headK..<(place.row + 1) * part.headK])
  }
}
