import ShardStore

/// One of the corpora that a build makes: takes bodies of sequences and hands full blocks on.
///
/// One thread at a time.
final class CorpusOutput {
  /// 0 for the main corpus, 1 for the held-out one.
  let index: Int
  /// Cuts this corpus's documents.
  var packer: SequencePacker
  /// What was counted; without the packer's state and the shards.
  private(set) var counts: BuildJournal.Output
  /// Shards that are full, sealed or on their way.
  private(set) var shardsEnded: Int

  private let header: CorpusHeader
  private let options: CorpusOptions
  private let pool: WorkerPool<UnitTokenizer>
  private let queue: ShardQueue
  private var digest: CorpusDigest
  private var lengths: [Int32] = []
  private var tokenIDs: [Int32] = []
  private var chunk = BlockChunk()
  private var shardTokens = 0

  /// Tokens that are encoded at a time, about.
  private static let chunkTokens = 1 << 18

  /// Begins with nothing, or with what an interrupted build had counted and the digest of its shards.
  init(
    index: Int, packer: SequencePacker, header: CorpusHeader, options: CorpusOptions,
    counts: BuildJournal.Output, digest: CorpusDigest, pool: WorkerPool<UnitTokenizer>,
    queue: ShardQueue
  ) {
    self.index = index
    self.packer = packer
    self.header = header
    self.options = options
    self.counts = counts
    self.digest = digest
    self.pool = pool
    self.queue = queue
    self.packer.state = counts.packer
    shardsEnded = counts.shards.count
    tokenIDs.reserveCapacity(CorpusLayout.blockSequences * min(options.maxLength, 1024))
  }

  /// The counts with the packer's state, for the journal.
  var state: BuildJournal.Output {
    var state = counts
    state.packer = packer.state
    return state
  }

  /// Counts a document that gave tokens.
  func countDocument() { counts.documents += 1 }

  /// Adds a sequence: `[CLS]`, the body, `[SEP]`.
  ///
  /// - Parameter body: Its tokens without the two special ones.
  /// - Returns: whether the shard is full, so that `endShard` has to follow.
  /// - Throws: what writing failed with.
  func append(body: ArraySlice<Int32>) throws -> Bool {
    let length = body.count + 2
    counts.lengthHistogram[length] += 1
    counts.sequences += 1
    counts.tokens += length
    return try restore(body: body)
  }

  /// Adds a sequence that is counted already.
  func restore(body: ArraySlice<Int32>) throws -> Bool {
    precondition(
      !body.isEmpty && body.count + 2 <= options.maxLength, "a body has its length's range")
    tokenIDs.append(header.specialTokens.classify)
    tokenIDs.append(contentsOf: body)
    tokenIDs.append(header.specialTokens.separator)
    lengths.append(Int32(body.count + 2))
    guard lengths.count == CorpusLayout.blockSequences else { return false }
    try endBlock()
    return shardTokens >= options.shardTokens
  }

  /// Ends the shard; `journal` is what the journal is to say when it is sealed.
  func endShard(journal: BuildJournal?) throws {
    try submitChunk()
    try queue.submit(.endOfShard(output: index, journal: journal))
    digest.endShard()
    shardTokens = 0
    shardsEnded += 1
  }

  /// Ends the last block and shard and gives the digest of all tokenized content, in hexadecimal.
  func finish() throws -> String {
    try endBlock()
    if shardTokens > 0 { try endShard(journal: nil) }
    return Hexadecimal.text(digest.finalize())
  }

  private func endBlock() throws {
    guard !lengths.isEmpty else { return }
    digest.addBlock(lengths: lengths, tokenIDs: tokenIDs)
    chunk.blocks.append(SequenceBlock(lengths: lengths, tokenIDs: tokenIDs))
    chunk.tokens += tokenIDs.count
    chunk.sequences += lengths.count
    shardTokens += tokenIDs.count
    let capacity = tokenIDs.count + options.maxLength
    lengths = []
    lengths.reserveCapacity(CorpusLayout.blockSequences)
    tokenIDs = []
    tokenIDs.reserveCapacity(capacity)
    if chunk.tokens >= CorpusOutput.chunkTokens { try submitChunk() }
  }

  private func submitChunk() throws {
    guard !chunk.blocks.isEmpty else { return }
    let (chunk, vocabSize) = (chunk, header.vocabSize)
    self.chunk = BlockChunk()
    let pending = pool.submit(isUrgent: true) { _ in
      Result { try BlockEncoder.encode(chunk, vocabSize: vocabSize) }
    }
    try queue.submit(.blocks(output: index, pending))
  }
}
