package import Foundation
import ShardStore

/// Whether somebody is filling a cache, seen from outside.
package struct CacheActivity: Hashable, Sendable {
  /// Files that are sealed, tables included.
  package let sealedFiles: Int
  /// Whether a process holds the lock of a shard or of the tables.
  package let isBeingWritten: Bool

  /// Looks at a folder, which need not be there.
  package init(folder: URL) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    let (sealed, partial) = (".sqlite", ".sqlite.partial")
    sealedFiles = names.count { $0.hasSuffix(sealed) }
    isBeingWritten = names.contains {
      $0.hasSuffix(partial)
        && ShardWriter.isBeingWritten(folder: folder, name: String($0.dropLast(partial.count)))
    }
  }

  /// Whether a process holds the lock of a shard, by its name.
  package static func isBeingWritten(shard: String, folder: URL) -> Bool {
    ShardWriter.isBeingWritten(folder: folder, name: shard)
  }
}
