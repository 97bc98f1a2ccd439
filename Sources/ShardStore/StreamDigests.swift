import CShardFile
import Crypto

/// SHA-256 of several streams at once.
package enum StreamDigests {
  /// The digest of each, 32 bytes.
  package static func of(_ streams: [[UInt8]]) -> [[UInt8]] {
    sideBySide(streams) ?? streams.map { [UInt8](SHA256.hash(data: $0)) }
  }

  /// The digests by the processor's own instructions, two streams at a time; nil where it has none, or
  /// where there is only one stream, for which the library is as fast.
  package static func sideBySide(_ streams: [[UInt8]]) -> [[UInt8]]? {
    guard streams.count > 1 else { return nil }
    // The longest first, so that none is left over that has no other beside it.
    let order = streams.indices.sorted { streams[$0].count > streams[$1].count }
    var messages: [decant_sha256_message] = []
    return withMessages(of: order.map { streams[$0] }[...], &messages) { messages in
      guard decant_sha256_messages(&messages, messages.count) == 0 else { return nil }
      var digests = [[UInt8]](repeating: [], count: streams.count)
      for (index, message) in zip(order, messages) {
        digests[index] = withUnsafeBytes(of: message.digest) { Array($0) }
      }
      return digests
    }
  }

  /// Gives a body the addresses of all streams.
  private static func withMessages<Result>(
    of streams: ArraySlice<[UInt8]>, _ messages: inout [decant_sha256_message],
    _ body: (inout [decant_sha256_message]) -> Result
  ) -> Result {
    guard let first = streams.first else { return body(&messages) }
    return first.withUnsafeBufferPointer { bytes in
      var message = decant_sha256_message()
      message.bytes = bytes.baseAddress
      message.size = bytes.count
      messages.append(message)
      return withMessages(of: streams.dropFirst(), &messages, body)
    }
  }
}
