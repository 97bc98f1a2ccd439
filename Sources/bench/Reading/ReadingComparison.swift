import Console
import Foundation
import LogitCache
import ShardStore

/// Sequences per second of processor time to ready targets, beside LMDB and MDS with the same records.
struct ReadingComparison {
  /// A cache with a head and the tail `lowrank`.
  let cache: URL
  let scratch: ScratchFolder

  /// Why there are no peers; nil where there are.
  static let note = """
    no LMDB and MDS columns: DECANT_READING_PYTHON, or .build/reading-python, has no numpy, lmdb and \
    mosaicml-streaming ('make python-env' installs them), or Benchmarks/reading_peers.py failed
    """

  func rows(_ plan: MeasuringPlan) throws -> [ResultRow] {
    let reader = try CacheReader(folder: cache)
    let target = reader.specification.target
    let copies = max(1, 20_000 / max(reader.specification.sequences, 1))
    var sequences = 0
    let seconds = try Stopwatch.processorMedian(runs: plan.runs) { run in
      sequences = try read(reader, copies: copies, seed: UInt64(run))
    }
    let peers = try export(reader).flatMap { folder in
      PythonPeer.figures(
        "reading_peers.py",
        [folder.path, "\(target.headK)", "\(target.rank ?? 0)", "\(copies)", "\(plan.runs)"],
        interpreter: PythonPeer.readingInterpreter)
    }
    if peers == nil { Terminal.note(Self.note) }
    let row = ResultRow(
      name: "read to targets, head \(target.headK) + rank \(target.rank ?? 0)",
      unit: "sequences/CPU s", ours: Double(sequences) / seconds)
    return [
      row.against("LMDB", peers?["lmdb"]),
      row.against("LMDB, fields as views", peers?["lmdb_at_once"]),
      row.against("MDS, zstd", peers?["mds"]),
    ]
  }

  /// Reads all sequences, blocks in a shuffled order and the sequences within each.
  private func read(_ reader: CacheReader, copies: Int, seed: UInt64) throws -> Int {
    var generator = ReadingOrder(state: seed)
    let blocks = (0..<copies).flatMap { _ in 0..<reader.blockCount }
      .shuffled(using: &generator)
    var (sequences, checksum) = (0, 0.0)
    for number in blocks {
      let block = try reader.readBlock(number, replica: 0, options: ReadOptions(wantsStates: false))
      let part = block.parts[0]
      guard case .lowRank(let shape) = part.tail else { preconditionFailure("another tail") }
      for sequence in block.lengths.indices.shuffled(using: &generator) {
        let rows = Int(block.rowStarts[sequence])..<Int(block.rowStarts[sequence + 1])
        guard let row = rows.first else { continue }
        let head = part.headIDs[row * part.headK..<rows.upperBound * part.headK]
        let logits = part.headLogits[row * part.headK..<rows.upperBound * part.headK]
        let tail = shape.coefficients[row * shape.rank..<rows.upperBound * shape.rank]
        checksum += Double(head.count) + Double(logits[logits.startIndex] + tail[tail.startIndex])
      }
      sequences += block.lengths.count
    }
    precondition(checksum.isFinite, "targets that are not finite")
    return sequences
  }

  /// Writes what is read as plain arrays; nil where nobody would read them.
  private func export(_ reader: CacheReader) throws -> URL? {
    guard FileManager.default.isExecutableFile(atPath: PythonPeer.readingInterpreter) else {
      return nil
    }
    let folder = scratch.fresh("records")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var integers: [String: [Int32]] = [:]
    var floats: [String: [Float]] = [:]
    for number in 0..<reader.blockCount {
      let block = try reader.readBlock(number, replica: 0, options: ReadOptions(wantsStates: false))
      let part = block.parts[0]
      guard case .lowRank(let shape) = part.tail else { preconditionFailure("another tail") }
      integers["blocks", default: []].append(Int32(block.lengths.count))
      integers["lengths", default: []] += block.lengths
      integers["rows", default: []] += zip(block.rowStarts.dropFirst(), block.rowStarts).map {
        $0 - $1
      }
      integers["tokens", default: []] += block.tokenIDs
      integers["positions", default: []] += block.positions
      integers["head_ids", default: []] += part.headIDs
      floats["head_logits", default: []] += part.headLogits
      floats["coefficients", default: []] += shape.coefficients
      floats["tails", default: []] += (0..<part.rows).flatMap { row in
        shape.partitions(row).map { Float($0.value) }
      }
    }
    for (name, values) in integers {
      try AtomicFile.write(
        LittleEndian.bytes(values.map(UInt32.init(bitPattern:))), to: folder.appending(path: name))
    }
    for (name, values) in floats {
      try AtomicFile.write(LittleEndian.bytes(values), to: folder.appending(path: name))
    }
    return folder
  }
}

/// A generator for orders that repeat.
private struct ReadingOrder: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
