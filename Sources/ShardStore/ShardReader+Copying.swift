import Foundation

extension ShardReader {
  /// The SHA-256 of a stream's decoded bytes as the shard's directory gives it, without reading the
  /// stream; nil where there is none.
  package func checksum(_ name: String, block: Int) -> [UInt8]? {
    directory.entries[.init(block: block, name: name)]?.checksum
  }

  /// A stream as it lies in the file, for another shard.
  ///
  /// - Throws: As `stream(_:block:)`: what is copied is checked.
  package func storedStream(_ name: String, block: Int) throws -> EncodedStream {
    _ = try stream(name, block: block)
    guard let entry = directory.entries[.init(block: block, name: name)] else {
      throw ShardStoreError.missingStream(shard: self.name, block: block, stream: name)
    }
    return EncodedStream(
      copying: StreamCodec.Encoded(
        name: name, codec: entry.codec, rawBytes: entry.rawBytes, checksum: Data(entry.checksum),
        payload: Data(try payload(entry))))
  }

  /// The names of a block's streams in the order in which they were written, in which a copy has the
  /// bytes of the original. Block -1 stands for the shard itself.
  package func storedNames(block: Int) -> [String] {
    let rows = streamNames(block: block).map { name in
      (name: name, row: directory.entries[.init(block: block, name: name)]?.row ?? 0)
    }
    return rows.sorted { $0.row < $1.row }.map(\.name)
  }

  /// All streams of a block as they lie in the file, in the order in which they were written.
  ///
  /// - Throws: As `stream(_:block:)`.
  package func storedStreams(block: Int) throws -> [EncodedStream] {
    try storedNames(block: block).map { try storedStream($0, block: block) }
  }
}
