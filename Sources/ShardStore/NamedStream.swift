/// One column of a block: a name and its decoded bytes.
package struct NamedStream: Sendable, Equatable {
  /// 1 to 64 of `a-z A-Z 0-9 . - _`, distinct within a block.
  package var name: String

  /// The bytes before compression; their meaning is the owner's.
  package var bytes: [UInt8]

  /// A stream of that name with those bytes.
  ///
  /// - Precondition: `name` is a stream name (`ShardFormat.isStreamName`).
  package init(name: String, bytes: [UInt8]) {
    precondition(ShardFormat.isStreamName(name), "'\(name)' is not a stream name")
    self.name = name
    self.bytes = bytes
  }
}

/// What identifies a sealed shard.
package struct ShardSummary: Codable, Hashable, Sendable {
  /// The file's name without `.sqlite`.
  package var name: String

  /// Number of blocks.
  package var blocks: Int

  /// Size of the file in bytes.
  package var bytes: Int

  /// SHA-256, in hexadecimal, over the logical content (`docs/FORMAT.md`): the same for the same
  /// content, whatever the version of SQLite or LZ4 that wrote it.
  package var digest: String

  /// A summary of those values.
  package init(name: String, blocks: Int, bytes: Int, digest: String) {
    self.name = name
    self.blocks = blocks
    self.bytes = bytes
    self.digest = digest
  }
}

/// Sizes of one stream, summed over the blocks of a shard.
package struct StreamBytes: Hashable, Sendable {
  /// Decoded bytes.
  package var raw: Int

  /// Bytes as they lie in the file, without SQLite's own.
  package var stored: Int

  /// Sizes of those values.
  package init(raw: Int = 0, stored: Int = 0) {
    self.raw = raw
    self.stored = stored
  }

  /// Adds both sizes.
  package static func += (left: inout StreamBytes, right: StreamBytes) {
    left.raw += right.raw
    left.stored += right.stored
  }
}
