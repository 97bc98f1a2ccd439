/// The constants of the container; `docs/FORMAT.md` explains them.
package enum ShardFormat {
  /// Version of the container, kept as SQLite's `user_version`.
  package static let version: Int32 = 1

  /// SQLite's `application_id` of a shard: the letters `Dcnt`.
  package static let applicationID: Int32 = 0x4463_6E74

  /// The block number of the streams that belong to the shard as a whole.
  package static let shardLevel = -1

  /// Metadata keys with this prefix are the container's own.
  package static let reservedPrefix = "shard."

  /// The name of a numbered shard without `.sqlite`: `shard-00007`.
  package static func shardName(_ index: Int) -> String {
    let digits = "\(index)"
    return "shard-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }

  static let nameKey = "shard.name"
  static let blocksKey = "shard.blocks"
  static let digestKey = "shard.digest"

  /// Bytes of an SQLite page. Small, because a stream's last page is on average half empty.
  static let pageBytes = 1024

  /// The tables, to the letter: a reader refuses a file with any other schema.
  static let schema = [
    """
    CREATE TABLE metadata (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID
    """,
    """
    CREATE TABLE streams (block INTEGER NOT NULL, name TEXT NOT NULL, codec INTEGER NOT NULL, \
    rawBytes INTEGER NOT NULL, checksum BLOB NOT NULL, payload BLOB NOT NULL, \
    PRIMARY KEY (block, name))
    """,
  ]

  /// True for what a stream may be called: 1 to 64 of `a-z A-Z 0-9 . - _`.
  package static func isStreamName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
          UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}

/// How much a shard may hold; beyond it a file is refused before anything is allocated.
package struct ShardLimits: Sendable {
  /// Largest stream, in decoded bytes. SQLite itself stops at 1,000,000,000.
  package var streamBytes: Int

  /// Largest number of streams of one shard.
  package var streams: Int

  /// Limits for a shard.
  ///
  /// - Precondition: Both are positive; `streamBytes` is at most 900,000,000.
  package init(streamBytes: Int = 512 << 20, streams: Int = 4 << 20) {
    precondition(
      streamBytes > 0 && streamBytes <= 900_000_000 && streams > 0, "limits out of range")
    self.streamBytes = streamBytes
    self.streams = streams
  }
}
