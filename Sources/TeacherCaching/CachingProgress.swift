/// How far a teacher pass has come.
package struct CachingProgress: Sendable {
  /// Blocks done, those of an earlier run included.
  package var blocks: Int
  /// Blocks of all shards that were pending.
  package var totalBlocks: Int
  /// Blocks that an earlier run had done.
  package var resumedBlocks: Int
  /// Positions that this run has kept a target for.
  package var rows: Int
}
