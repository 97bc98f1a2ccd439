import Foundation
import ShardStore

/// Writes shards on a thread of its own, in the order in which their blocks come.
///
/// The journal is written here too, since it may speak of a shard only when that is sealed. One
/// thread submits and finishes.
final class ShardQueue: @unchecked Sendable {  // all state is behind `condition`, see `work()`
  /// Something to be written.
  enum Job: Sendable {
    /// Blocks of a corpus; with the last ones of a shard what the journal is to say after it.
    case blocks(output: Int, Pending<Result<EncodedChunk, any Error>>)
    /// The end of a corpus's shard, and what the journal is to say after it.
    case endOfShard(output: Int, journal: BuildJournal?)
    /// Hashes of documents, to be kept before the journal counts them.
    case hashes([DocumentHash])
    /// Sequences of the held-out corpus, likewise.
    case openSequences([Int32], shard: Int)
  }

  private static let capacity = 8

  private let files: BuildFiles
  private let header: CorpusHeader
  private let condition = NSCondition()
  private var jobs: [Job] = []
  private var isEnding = false
  private var isStopped = false
  private var isRunning = true
  private var failure: (any Error)?
  // Touched by the thread alone until it has ended.
  private var outputs: [Output]

  private struct Output {
    var writer: WholeShardWriter?
    var shard = CorpusManifest.Shard(name: "", sequences: 0, tokens: 0, blocks: 0, digest: "")
    var counts: [UInt32] = []
    var sealed: [CorpusManifest.Shard]
    var unknownTokens: Int
  }

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - files: Where to write; the folders exist.
  ///   - header: What the shards say of themselves.
  ///   - journal: What an interrupted build had, or an empty one.
  init(files: BuildFiles, header: CorpusHeader, journal: BuildJournal) {
    self.files = files
    self.header = header
    outputs = journal.outputs.map {
      Output(writer: nil, sealed: $0.shards, unknownTokens: $0.unknownTokens)
    }
    BackgroundThread.start("shards", stackBytes: 2 << 20) { self.work() }
  }

  /// Queues a job; waits while many do already.
  ///
  /// - Throws: what an earlier job failed with.
  func submit(_ job: Job) throws {
    condition.lock()
    defer { condition.unlock() }
    while jobs.count >= ShardQueue.capacity, failure == nil { condition.wait() }
    if let failure { throw failure }
    jobs.append(job)
    condition.broadcast()
  }

  /// Waits until everything is written.
  ///
  /// - Returns: for each corpus its shards and how many of their tokens are `[UNK]`.
  /// - Throws: what a job failed with.
  func finish() throws -> [(shards: [CorpusManifest.Shard], unknownTokens: Int)] {
    end(dropping: false)
    if let failure { throw failure }
    return outputs.map { ($0.sealed, $0.unknownTokens) }
  }

  /// Drops what waits and ends the thread.
  func stop() { end(dropping: true) }

  private func end(dropping: Bool) {
    condition.lock()
    isEnding = true
    isStopped = isStopped || dropping
    condition.broadcast()
    while isRunning { condition.wait() }
    condition.unlock()
  }

  private func work() {
    condition.lock()
    while true {
      while jobs.isEmpty && !isEnding { condition.wait() }
      guard !isStopped, failure == nil, !jobs.isEmpty else { break }
      let job = jobs.removeFirst()
      condition.broadcast()
      condition.unlock()
      let result = Result { try run(job) }
      condition.lock()
      if case .failure(let error) = result { failure = error }
    }
    for index in outputs.indices { outputs[index].writer = nil }
    isRunning = false
    condition.broadcast()
    condition.unlock()
  }

  private func run(_ job: Job) throws {
    switch job {
    case .hashes(let hashes):
      try files.append(hashes: hashes)
    case .openSequences(let sequences, let shard):
      try files.append(sequences: sequences, openShard: shard)
    case .blocks(let index, let pending):
      guard let chunk = try pending.wait()?.get() else { return }
      try append(chunk, to: &outputs[index], folder: files.output(index))
    case .endOfShard(let index, let journal):
      try seal(&outputs[index])
      guard var journal else { return }
      for (index, output) in outputs.enumerated() {
        journal.outputs[index].shards = output.sealed
        journal.outputs[index].unknownTokens = output.unknownTokens
      }
      try journal.write(folder: files.folder)
      if outputs.count > 1 { files.removeOpen(before: outputs[1].sealed.count) }
    }
  }

  private func append(_ chunk: EncodedChunk, to output: inout Output, folder: URL) throws {
    let writer: WholeShardWriter
    if let open = output.writer {
      writer = open
    } else {
      let name = CorpusLayout.shardName(output.sealed.count)
      writer = try WholeShardWriter(
        folder: folder, name: name, metadata: header.metadata(shard: output.sealed.count))
      output.writer = writer
      output.shard = CorpusManifest.Shard(
        name: name, sequences: 0, tokens: 0, blocks: 0, digest: "")
      output.counts = [UInt32](repeating: 0, count: header.vocabSize)
    }
    for block in chunk.blocks { try writer.append(block: block) }
    output.shard.blocks += chunk.blocks.count
    output.shard.sequences += chunk.sequences
    output.shard.tokens += chunk.tokens
    output.counts.withUnsafeMutableBufferPointer { sums in
      for (id, count) in chunk.counts.enumerated() { sums[id] += count }
    }
  }

  private func seal(_ output: inout Output) throws {
    guard let writer = output.writer else { return }
    let counts = NamedStream(
      name: CorpusLayout.countsStream, bytes: CorpusLayout.planes(output.counts, width: 4))
    try writer.appendShardStream(EncodedStream(counts, effort: .fast))
    output.shard.digest = try writer.seal().digest
    output.sealed.append(output.shard)
    output.unknownTokens += Int(output.counts[Int(header.specialTokens.unknown)])
    output.writer = nil
  }
}
