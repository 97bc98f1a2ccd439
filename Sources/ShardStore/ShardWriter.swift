package import Foundation
import GRDB

/// Writes one shard, block by block, and seals it.
///
/// Until it is sealed the shard is `<name>.sqlite.partial`; each block is one transaction, so a
/// process that is killed loses at most the block it was writing, and the next writer of the same
/// name and metadata goes on after the last committed one. Owns the file, its lock and one
/// connection; one caller at a time.
package final class ShardWriter {
  /// The file's name without `.sqlite`.
  package let name: String

  /// Blocks in the file; the next one appended has this number.
  package private(set) var committedBlocks: Int

  private let files: ShardFiles
  private let limits: ShardLimits
  private var open: (queue: DatabaseQueue, lock: PosixFile)?

  /// Opens the partial shard of that name, or begins one.
  ///
  /// A partial shard of other metadata, or one that cannot be read, is discarded.
  ///
  /// - Parameters:
  ///   - folder: An existing folder.
  ///   - name: For example `shard-00000`; a stream name in form.
  ///   - metadata: Kept in the shard and part of its digest. Keys must not begin with `shard.`.
  ///   - recordedName: What the shard calls itself; nil for `name`. A shard that may lie under several
  ///     names in several folders has one that does not change.
  ///   - limits: Largest stream.
  ///   - maximumPages: SQLite's `max_page_count`, which tests use as a disk that fills up.
  /// - Throws: `ShardStoreError.locked`, `.alreadySealed`, `.diskFull`, `.notWritten`.
  /// - Precondition: `name` and the keys are as said.
  package init(
    folder: URL, name: String, metadata: [String: String], recordedName: String? = nil,
    limits: ShardLimits = ShardLimits(), maximumPages: Int? = nil
  ) throws {
    precondition(ShardFormat.isStreamName(name), "'\(name)' is not a shard name")
    precondition(
      !metadata.keys.contains { $0.hasPrefix(ShardFormat.reservedPrefix) },
      "metadata keys that begin with '\(ShardFormat.reservedPrefix)' are the container's own")
    self.name = name
    self.limits = limits
    files = ShardFiles(folder: folder, name: name)
    let lock = try PosixFile(locking: files.partial.path)
    if FileManager.default.fileExists(atPath: files.sealed.path) {
      files.removePartial()
      throw ShardStoreError.alreadySealed(file: files.sealed.path)
    }
    let wanted = metadata.merging([ShardFormat.nameKey: recordedName ?? name]) { first, _ in first }
    do {
      let partial = PartialShard(files: files, limits: limits, maximumPages: maximumPages)
      if let (queue, blocks) = try? partial.resume(metadata: wanted) {
        open = (queue, lock)
        committedBlocks = blocks
      } else {
        try lock.truncate()
        files.removeLogs()
        open = (try partial.begin(metadata: wanted), lock)
        committedBlocks = 0
      }
    } catch {
      throw SQLiteFailure.writing(files.partial.path, error)
    }
  }

  deinit { close() }

  /// Compresses the streams of the next block and commits them.
  ///
  /// - Throws: `ShardStoreError.streamTooLarge`, `.diskFull`, `.notWritten`; the shard is then as
  ///   before the call.
  /// - Precondition: There is a stream, no two have the same name, and the shard is not sealed.
  package func append(block streams: [NamedStream]) throws {
    try append(block: encode(streams, block: committedBlocks))
  }

  /// Commits the streams of the next block as they are, such as those of another shard.
  ///
  /// - Throws: As for streams that are not compressed yet.
  /// - Precondition: As for streams that are not compressed yet.
  package func append(block streams: [EncodedStream]) throws {
    precondition(!streams.isEmpty, "a block has at least one stream")
    precondition(
      Set(streams.map(\.encoded.name)).count == streams.count,
      "two streams of a block have one name")
    try insert(streams, block: committedBlocks)
    committedBlocks += 1
  }

  /// Adds, or replaces, a stream that belongs to the shard and not to a block.
  ///
  /// - Throws: As `append(block:)`.
  package func appendShardStream(_ stream: NamedStream) throws {
    try insert(encode([stream], block: ShardFormat.shardLevel), block: ShardFormat.shardLevel)
  }

  /// Adds, or replaces, a stream of the shard as it is.
  ///
  /// - Throws: As `append(block:)`.
  package func appendShardStream(_ stream: EncodedStream) throws {
    try insert([stream], block: ShardFormat.shardLevel)
  }

  /// Completes the shard: writes it afresh, checks it, forces it to the disk, renames it to
  /// `<name>.sqlite` and removes the partial one.
  ///
  /// The bytes depend on the content and the versions of SQLite and liblz4 only, not on how often
  /// the writing was broken off.
  ///
  /// - Throws: `ShardStoreError`; the partial shard stays, unless it is damaged, as by two machines
  ///   that wrote it at once where locks do not reach: then the next writer begins afresh.
  /// - Precondition: The shard is not sealed.
  package func seal() throws -> ShardSummary {
    let queue = connection
    let file = files.sealing.path
    do {
      try queue.write { db in
        try PartialShard.set(ShardFormat.blocksKey, "\(committedBlocks)", db)
        let directory = try ShardDirectory(db, shard: name, limits: limits)
        try PartialShard.set(ShardFormat.digestKey, directory.digest(), db)
      }
      try? FileManager.default.removeItem(at: files.sealing)
      try queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [file]) }
    } catch {
      try? FileManager.default.removeItem(at: files.sealing)
      if let code = (error as? DatabaseError)?.resultCode,
        code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB
      {
        close(removingPartial: true)
      }
      throw SQLiteFailure.writing(file, error)
    }
    let summary: ShardSummary
    do {
      let reader = try ShardReader(url: files.sealing, limits: limits)
      try reader.verify()
      summary = reader.summary
    } catch {
      close(removingPartial: true)
      throw error
    }
    try PosixFile.synchronize(file)
    try AtomicFile.commit(files.sealing, as: files.sealed)
    close(removingPartial: true)
    return summary
  }

  /// Gives up the lock and the connection; what was committed stays for the next writer.
  package func close() {
    close(removingPartial: false)
  }

  /// Gives up the lock and the connection, and removes what was committed.
  package func discard() { close(removingPartial: true) }

  private func close(removingPartial: Bool) {
    guard let (queue, lock) = open else { return }
    open = nil
    try? queue.close()
    if removingPartial { files.removePartial() }
    lock.close()
  }

  /// Whether some process holds the lock of a shard that is not sealed yet.
  ///
  /// The lock is asked for, shared, and given back at once: a writer that begins in this moment meets
  /// a locked file and has to try again.
  package static func isBeingWritten(folder: URL, name: String) -> Bool {
    PosixFile.isLocked(ShardFiles(folder: folder, name: name).partial.path)
  }

  /// Removes the partial files of a sealed shard, which a process leaves behind that is killed after
  /// it has sealed the shard and before it has cleaned up. What another process works on stays.
  package static func removeLeftovers(folder: URL, name: String) {
    let files = ShardFiles(folder: folder, name: name)
    let manager = FileManager.default
    guard manager.fileExists(atPath: files.partial.path),
      manager.fileExists(atPath: files.sealed.path),
      let lock = try? PosixFile(locking: files.partial.path)
    else { return }
    files.removePartial()
    lock.close()
  }

  private var connection: DatabaseQueue {
    guard let open else { preconditionFailure("the shard is sealed or closed") }
    return open.queue
  }

  private func encode(_ streams: [NamedStream], block: Int) throws -> [EncodedStream] {
    for stream in streams { try require(bytes: stream.bytes.count, of: stream.name, block: block) }
    return try streams.map { stream in
      do {
        return EncodedStream(copying: try StreamCodec.encode(stream))
      } catch let failure as LZ4Frame.Failure {
        throw ShardStoreError.notWritten(
          file: files.partial.path, reason: "\(failure.what): \(failure.found)")
      }
    }
  }

  private func require(bytes: Int, of stream: String, block: Int) throws {
    if bytes > limits.streamBytes {
      throw ShardStoreError.streamTooLarge(
        shard: name, block: block, stream: stream, bytes: bytes, limit: limits.streamBytes)
    }
  }

  private func insert(_ streams: [EncodedStream], block: Int) throws {
    for stream in streams.map(\.encoded) {
      try require(bytes: stream.rawBytes, of: stream.name, block: block)
    }
    do {
      try connection.write { db in
        try PartialShard.insert(streams, block: block, replacing: true, db)
      }
    } catch {
      throw SQLiteFailure.writing(files.partial.path, error)
    }
  }
}
