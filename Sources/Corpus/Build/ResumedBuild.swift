import Foundation
import ShardStore

/// What an interrupted build left, found whole.
struct ResumedBuild {
  /// How far it was.
  let journal: BuildJournal
  /// For each corpus, the digest of its sealed shards.
  let digests: [CorpusDigest]
  /// The documents met so far.
  let hashes: [DocumentHash]
  /// The sequences of the held-out corpus's open shard: length, IDs.
  let openSequences: [Int32]

  /// Reads every sealed shard again and compares it with the journal.
  ///
  /// - Throws: what does not fit; the build then begins anew.
  init(_ journal: BuildJournal, files: BuildFiles, header: CorpusHeader) throws {
    self.journal = journal
    for index in journal.outputs.indices {
      files.removeShards(of: index, from: journal.outputs[index].shards.count)
    }
    digests = try journal.outputs.enumerated().map { index, output in
      try TokenizedCorpus.digest(
        ofShards: output.shards, folder: files.output(index), header: header)
    }
    guard let hashes = files.hashes(count: journal.hashes),
      let open = journal.outputs.count < 2
        ? []
        : files.sequences(
          openShard: journal.outputs[1].shards.count, bytes: journal.outputs[1].openBytes),
      ResumedBuild.isWhole(open, maxLength: header.maxLength)
    else { throw CorpusError.notACorpus(folder: files.folder.path) }
    self.hashes = hashes
    openSequences = open
  }

  /// Whether lengths and IDs follow each other to the end.
  private static func isWhole(_ sequences: [Int32], maxLength: Int) -> Bool {
    var place = 0
    while place < sequences.count {
      guard (1...maxLength - 2).contains(Int(sequences[place])) else { return false }
      place += 1 + Int(sequences[place])
    }
    return place == sequences.count
  }
}
