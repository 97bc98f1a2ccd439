/// A stream as it will lie in a shard: compressed, with its checksum.
///
/// Made on any thread, so that the one that writes has little to do.
package struct EncodedStream: Sendable {
  let encoded: StreamCodec.Encoded

  /// Bytes that the stream takes in a shard.
  package var storedBytes: Int { encoded.payload.count }

  /// How much is spent on size.
  package enum Effort: Sendable {
    /// For what is written once and read often: LZ4's high-compression level 9.
    case high
    /// For what has to keep pace: LZ4 in a hurry, ten times faster, somewhat larger.
    case fast
  }

  /// Takes what another shard keeps.
  init(copying encoded: StreamCodec.Encoded) { self.encoded = encoded }

  /// Compresses a stream.
  ///
  /// - Throws: `ShardStoreError.notWritten` where liblz4 has no memory left.
  package init(_ stream: NamedStream, effort: Effort) throws {
    do {
      encoded = try StreamCodec.encode(
        stream, level: effort == .high ? LZ4Frame.highLevel : LZ4Frame.fastLevel)
    } catch let failure as LZ4Frame.Failure {
      throw ShardStoreError.notWritten(
        file: stream.name, reason: "\(failure.what): \(failure.found)")
    }
  }
}
