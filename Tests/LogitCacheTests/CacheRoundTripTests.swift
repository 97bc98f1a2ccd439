import Foundation
import LogitCache
import ShardStore
import TestSupport
import Testing

@Suite struct CacheRoundTripTests {
  static let samples: [SampleCache] = [
    SampleCache(), SampleCache(states: .int8), SampleCache(states: .fp16, positions: .all),
    SampleCache(target: TargetSpecification(headK: 0, tail: .hidden)),
    SampleCache(target: TargetSpecification(headK: 4, step: 0.25, tail: .hidden), states: .int8),
    SampleCache(target: TargetSpecification(headK: 0, tail: .hidden), states: .shared),
    SampleCache(target: plain(rank: 6, partitions: 3), states: .bf16),
    SampleCache(target: TargetSpecification(headK: 0, tail: .sampled, threshold: 0.05)),
    SampleCache(
      target: plain(rank: 3, partitions: nil),
      otherTarget: TargetSpecification(headK: 2, tail: .scalars), states: .int8, positions: .all),
    // Past 65,536 tokens an ID has four bytes.
    SampleCache(target: TargetSpecification(headK: 3, tail: .scalars), vocabSize: 66_000),
  ]

  /// A target whose coefficients are projections, with three log-partitions or, as caches of before, two.
  private static func plain(rank: Int, partitions: Int?) -> TargetSpecification {
    var target = TargetSpecification(headK: 5, tail: .lowrank, rank: rank)
    target.fittedTokens = nil
    target.tailPartitions = partitions
    return target
  }

  @Test(arguments: samples.indices) func returnsWhatWasEncoded(index: Int) throws {
    let sample = Self.samples[index]
    let folder = try TemporaryFolder()
    try sample.write(to: folder.url)
    let reader = try CacheReader(folder: folder.url)
    #expect(reader.specification == sample.specification)
    #expect((reader.replicas, reader.blockCount) == (2, 5))
    #expect(reader.order == sample.order)
    for replica in 0..<2 {
      for block in 0..<5 {
        try expectBlock(reader, sample, block: block, replica: replica)
      }
    }
    try reader.verify()
    if sample.specification.target.tail == .hidden {
      let decoder = try reader.readDecoder()
      #expect(decoder.weight == sample.tables.decoder?.weight)
      #expect(decoder.bias == sample.tables.decoder?.bias)
    } else {
      #expect(throws: LogitCacheError.self) { try reader.readDecoder() }
    }
  }

  private func expectBlock(
    _ reader: CacheReader, _ sample: SampleCache, block: Int, replica: Int
  ) throws {
    let expected = sample.targetBlock(block, replica: replica)
    let found = try reader.readBlock(block, replica: replica)
    if replica == 0 { #expect(try reader.lengths(block: block) == expected.lengths) }
    #expect(found.lengths == expected.lengths)
    #expect(found.tokenIDs == expected.tokenIDs)
    #expect(found.positions == expected.positions)
    #expect(found.inputChecks == expected.inputChecks)
    #expect(zip(found.rowStarts, found.rowStarts.dropFirst()).map { $1 - $0 } == expected.rowCounts)
    #expect(found.classes == expected.classes)
    #expect(found.parts.count == sample.specification.targets.count)
    for row in 0..<found.rowCount {
      try expectTarget(found, sample, block: block, replica: replica, row: row)
      // A state that is shared is the decoder's input itself.
      let isShared = sample.specification.states == .shared
      expectRow(
        found.states, row,
        isShared
          ? sample.hidden(block, replica: replica, row: row)
          : sample.state(block, replica: replica, row: row))
    }
  }

  private func expectTarget(
    _ found: SoftTargetBlock, _ sample: SampleCache, block: Int, replica: Int, row: Int
  ) throws {
    let place = found.place(row)
    let target = sample.specification.targets[place.part]
    let part = found.parts[place.part]
    let k = target.headK
    #expect(part.headK == k)
    let logits = sample.logits(block, replica: replica, row: row)
    let reference = ReferenceRow(logits)
    #expect(
      part.headIDs[place.row * k..<(place.row + 1) * k].map(Int.init)
        == Array(reference.order[..<k]))
    for index in 0..<k {
      let exact = Float(Double(logits[reference.order[index]]) - reference.largest)
      // Half a step, and the rounding of the difference in single precision.
      #expect(abs(part.headLogits[place.row * k + index] - exact) <= Float(target.step) / 2 + 1e-5)
    }
    // Half a unit of the log-partitions.
    let bound = 1.0 / 512 + 1e-5
    switch part.tail {
    case .none: Issue.record("a tail that was not read")
    case .scalars:
      let tail = part.tailPartition(place.row).logPartition(beta: 1)
      #expect(abs(tail - reference.tail(k: k, beta: 1).logPartition) < bound)
    case .hidden(let hidden):
      expectRow(hidden, place.row, sample.hidden(block, replica: replica, row: row))
    case .lowRank(let rows):
      #expect(rows.partitions(place.row).count == target.tailPartitions ?? 2)
      for (beta, value) in rows.partitions(place.row) {
        #expect(abs(value - reference.tail(k: k, beta: beta).logPartition) < bound)
      }
      try expectCoefficients(
        rows, place.row, sample, input: sample.hidden(block, replica: replica, row: row),
        part: place.part)
    case .sampled(let rows):
      let range = rows.starts[place.row]..<rows.starts[place.row + 1]
      #expect(Set(rows.ids[range]).count == range.count)
      #expect(abs(rows.probabilities[range].reduce(0, +) - 1) < 1e-5)
      for (id, p) in zip(rows.ids[range], rows.probabilities[range]) {
        let exact = reference.probability(Int(id))
        // Above the threshold the row keeps the probability itself, within half a unit of its
        // logarithm and what sums past 1 are divided by.
        if exact > 0.051 { #expect(abs(log(Double(p)) - log(exact)) < 1.0 / 64) }
      }
    }
  }

  private func expectCoefficients(
    _ rows: LowRankRows, _ row: Int, _ sample: SampleCache, input: [Float], part: Int
  ) throws {
    let basis = try #require(sample.tables.targets[part].basis)
    for column in 0..<basis.rank {
      let direction = basis.encoder[column * basis.hiddenSize..<(column + 1) * basis.hiddenSize]
      let exact = zip(direction, zip(input, basis.mean)).reduce(Float(0)) {
        $0 + $1.0 * ($1.1.0 - $1.1.1)
      }
      let found = rows.coefficients[row * rows.rank + column]
      #expect(abs(found - exact) <= basis.steps[column] / 2 + 1e-4 * (1 + abs(exact)))
    }
  }

  private func expectRow(_ rows: QuantizedRows?, _ row: Int, _ expected: [Float]) {
    guard let rows else { return }
    var found = [Float](repeating: .nan, count: expected.count)
    found.withUnsafeMutableBufferPointer { rows.copyRow(row, into: $0) }
    let largest = expected.map(abs).max() ?? 0
    // int8: half a scale, which fp16 rounded up by at most 2^-10; fp16: 2^-11 of the value, bf16: 2^-8.
    let bound =
      rows.scale(row).map { scale in
        #expect(scale >= largest / 127 && scale <= largest / 127 * (1 + 1.0 / 1024))
        return scale / 2 * 1.00001
      } ?? largest / 256
    for (found, expected) in zip(found, expected) { #expect(abs(found - expected) <= bound) }
  }

  @Test func aSmallerHeadIsAPrefixAndTheTailTakesTheRest() throws {
    let sample = SampleCache()
    let folder = try TemporaryFolder()
    try sample.write(to: folder.url)
    let reader = try CacheReader(folder: folder.url)
    let whole = try reader.readBlock(3, replica: 1).parts[0]
    let small = try reader.readBlock(3, replica: 1, options: ReadOptions(headK: 3)).parts[0]
    let bare = try reader.readBlock(
      3, replica: 1, options: ReadOptions(wantsHead: false, wantsTail: true)
    ).parts[0]
    #expect(small.headK == 3 && bare.headK == 0 && bare.headIDs.isEmpty)
    for row in 0..<whole.rows {
      #expect(small.headIDs[3 * row..<3 * row + 3] == whole.headIDs[8 * row..<8 * row + 3])
      #expect(small.headLogits[3 * row..<3 * row + 3] == whole.headLogits[8 * row..<8 * row + 3])
      for beta in [0.125, 0.5, 1] {
        func total(_ block: TargetPart) -> Double {
          let head = block.headLogits[block.headK * row..<block.headK * (row + 1)]
          return head.reduce(exp(block.tailPartition(row).logPartition(beta: beta))) {
            $0 + exp(beta * Double($1))
          }
        }
        #expect(abs(total(small) / total(whole) - 1) < 1e-9)
        #expect(abs(total(bare) / total(whole) - 1) < 1e-9)
      }
    }
    let headOnly = try reader.readBlock(
      3, replica: 1, options: ReadOptions(wantsTail: false, wantsStates: false)
    ).parts[0]
    #expect(headOnly.tail == .none && headOnly.headIDs == whole.headIDs)
  }

  @Test func bytesAreAccountedByStream() throws {
    let sample = SampleCache(target: TargetSpecification(headK: 0, tail: .hidden), states: .fp16)
    let folder = try TemporaryFolder()
    let manifest = try #require(try sample.write(to: folder.url))
    let reader = try CacheReader(folder: folder.url)
    let rows = (0..<10).reduce(0) {
      $0 + sample.targetBlock($1 % 5, replica: $1 / 5).positions.count
    }
    #expect(reader.rowCount == rows && manifest.shards.reduce(0) { $0 + $1.rows } == rows)
    let sizes = try reader.streamBytes()
    #expect(sizes["tail.hidden"]?.raw == 16 * rows && sizes["states"]?.raw == 32 * rows)
    #expect(sizes["audit.logits"]?.raw == 4 * 300 * 8)
    let perRow = try reader.bytesPerRow().values.reduce(0, +)
    #expect(perRow > 16 && perRow < reader.fileBytesPerRow)
    let streams = try sample.encode(1, replica: 0)
    let stored = try CacheSize.storedBytes(streams)
    let estimated = CacheSize.bytes(
      sample.specification, sampleBytes: stored.values.reduce(0, +), share: 10)
    let files = manifest.shards.reduce(manifest.tables?.bytes ?? 0) { $0 + $1.bytes }
    // Five small shards of few rows: SQLite's pages weigh more than in a cache of real size.
    #expect(estimated > files / 3 && estimated < files)
  }

  @Test func orderOfTheRowsDoesNotMatter() throws {
    let sample = SampleCache(states: .fp16)
    #expect(
      try sample.encode(1, replica: 0, auditRows: [2])
        == sample.encode(1, replica: 0, auditRows: [2], reversed: true))
  }

  @Test func rowsMayBeAddedFromSeveralThreads() throws {
    let sample = SampleCache(states: .int8, positions: .all)
    let shape = sample.targetBlock(2, replica: 0)
    let encoder = try SoftTargetEncoder(
      specification: sample.specification, tables: sample.tables, block: shape)
    SideBySide.run(shape.positions.count) { row in
      sample.logits(2, replica: 0, row: row).withUnsafeBufferPointer { logits in
        sample.state(2, replica: 0, row: row).withUnsafeBufferPointer { state in
          do {
            try encoder.add(row: row, logits: logits, state: state)
          } catch {
            Issue.record(error)
          }
        }
      }
    }
    #expect(try encoder.finish() == sample.encode(2, replica: 0))
  }

  @Test func auditRowsKeepTheLogitsAsTheyWere() throws {
    let sample = SampleCache()
    let folder = try TemporaryFolder()
    try sample.write(to: folder.url)
    let reader = try CacheReader(folder: folder.url)
    var count = 0
    for block in 0..<5 {
      for audit in try reader.auditRows(block: block, replica: 1) {
        #expect(audit.logits == sample.logits(block, replica: 1, row: audit.row))
        count += 1
      }
    }
    #expect(count == 4, "two in each of two shards")
  }

  @Test func logStepsCostNoMoreThanTheRuleSays() throws {
    // A head of nearly the whole vocabulary, so that the divergence is that of the quantisation.
    let step = 0.25
    var total = 0.0
    let rows = 40
    for seed in 1...UInt64(rows) {
      let row = SyntheticLogits.row(.flat, vocabSize: 2000, seed: seed).map(Double.init)
      let largest = row.max() ?? 0
      let steps = row.map { -step * ((largest - $0) / step).rounded() }
      func logPartition(_ z: [Double]) -> Double { log(z.reduce(0) { $0 + exp($1) }) }
      let exact = row.map { $0 - largest }
      let (a, b) = (logPartition(exact), logPartition(steps))
      total += zip(exact, steps).reduce(0) { $0 + exp($1.0 - a) * (($1.0 - a) - ($1.1 - b)) }
    }
    // step²/24 for uniform errors; a tenth more for the sample.
    #expect(total / Double(rows) < 1.1 * step * step / 24)
    #expect(total / Double(rows) > 0.5 * step * step / 24, "the rule should be about right")
  }

  @Test func targetsThatCannotBeKeptAreRefused() throws {
    let sample = SampleCache()
    var shape = sample.targetBlock(0, replica: 0)
    func expectRefused() {
      #expect(throws: LogitCacheError.self) {
        try SoftTargetEncoder(
          specification: sample.specification, tables: sample.tables, block: shape)
      }
    }
    let encoder = try SoftTargetEncoder(
      specification: sample.specification, tables: sample.tables, block: shape)
    var logits = sample.logits(0, replica: 0, row: 0)
    logits[5] = .nan
    #expect(throws: LogitCacheError.self) {
      try logits.withUnsafeBufferPointer { try encoder.add(row: 0, logits: $0) }
    }
    logits[5] = 1e6
    #expect(throws: LogitCacheError.self) {
      try logits.withUnsafeBufferPointer { try encoder.add(row: 0, logits: $0) }
    }
    shape.tokenIDs[0] = 300
    expectRefused()
    shape = sample.targetBlock(0, replica: 0)
    shape.positions[0] = 39_999
    expectRefused()
    shape = sample.targetBlock(0, replica: 0)
    shape.lengths[0] += 1
    expectRefused()
  }
}
