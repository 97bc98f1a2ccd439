/// What can go wrong with a shard file: where, what was expected, what was found, how to mend it.
package enum ShardStoreError: Error, Equatable {
  /// The file is not there.
  case notFound(file: String)
  /// The system or SQLite refused to read the file.
  case unreadable(file: String, reason: String)
  /// The file is not a shard of this format: `field` names the part of the header that differs.
  case notAShard(file: String, field: String, expected: String, found: String)
  /// The file is shorter or longer than its own header says.
  case wrongFileSize(file: String, expectedBytes: Int, foundBytes: Int)
  /// The table of streams or the metadata does not add up to the digest kept with it.
  case damagedDirectory(shard: String, what: String, expected: String, found: String)
  /// A stream that should be there is not. Block -1 stands for the shard itself.
  case missingStream(shard: String, block: Int, stream: String)
  /// A stream's bytes are not what was written. Block -1 stands for the shard itself.
  case damagedStream(
    shard: String, block: Int, stream: String, what: String, expected: String, found: String)
  /// A stream declares, or has, more bytes than the limit.
  case streamTooLarge(shard: String, block: Int, stream: String, bytes: Int, limit: Int)
  /// Another process is writing this shard.
  case locked(file: String)
  /// The shard is sealed, so it cannot be written again.
  case alreadySealed(file: String)
  /// The disk (or the quota) has no room for more.
  case diskFull(file: String)
  /// The file could not be written for another reason.
  case notWritten(file: String, reason: String)
}

extension ShardStoreError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notFound(let file):
      "\(file): no such file. Check the folder, or build it again."
    case .unreadable(let file, let reason):
      "\(file): cannot be read: \(reason). Check the disk and the permissions; if the file is "
        + "damaged, delete it and run the same command again to compute it anew."
    case .notAShard(let file, let field, let expected, let found):
      "\(file): not a shard this version reads: \(field) is \(found), expected \(expected). "
        + "Delete the file and run the same command again, or use the version that wrote it."
    case .wrongFileSize(let file, let expectedBytes, let foundBytes):
      "\(file): has \(foundBytes) bytes, its header says \(expectedBytes): truncated or only partly "
        + "copied. Copy it again, or delete it and run the same command again."
    case .damagedDirectory(let shard, let what, let expected, let found):
      "\(shard): damaged: \(what) is \(found), expected \(expected). \(Self.mending)"
    case .missingStream(let shard, let block, let stream):
      "\(shard), \(Self.place(block)): stream '\(stream)' is missing. Build the folder again with "
        + "the options that keep it."
    case .damagedStream(let shard, let block, let stream, let what, let expected, let found):
      "\(shard), \(Self.place(block)), stream '\(stream)': damaged: \(what) is \(found), expected "
        + "\(expected). \(Self.mending)"
    case .streamTooLarge(let shard, let block, let stream, let bytes, let limit):
      "\(shard), \(Self.place(block)), stream '\(stream)': \(bytes) bytes are more than the limit "
        + "of \(limit). Use smaller blocks."
    case .locked(let file):
      "\(file): another process is writing it. Wait until it has ended, or give each process its "
        + "own share of the shards."
    case .alreadySealed(let file):
      "\(file): already complete; a sealed shard is never written again. Delete it first to "
        + "compute it anew."
    case .diskFull(let file):
      "\(file): no space left on the disk. Free some space and run the same command again."
    case .notWritten(let file, let reason):
      "\(file): cannot be written: \(reason). Check the folder, its permissions and the disk."
    }
  }

  private static let mending =
    "Copy the shard again, or make it again ('pipeline cache repair' does it for a cache, 'pipeline "
    + "tokenize' into a new folder for a corpus)."

  private static func place(_ block: Int) -> String {
    block == ShardFormat.shardLevel ? "shard level" : "block \(block)"
  }
}
