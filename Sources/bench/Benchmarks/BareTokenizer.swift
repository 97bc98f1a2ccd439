import Corpus
import Dispatch
import Foundation
import Tokenizer

/// The tokenizer by itself: text in memory to token IDs in memory, nothing read or written.
struct BareTokenizer {
  let tokenizer: WordPieceTokenizer
  let text: Data

  /// Text that is tokenized at a time; the IDs of it are then dropped.
  private static let stepBytes = 1 << 20

  /// Seconds for the whole text, cut at lines and shared out to threads with an encoder each.
  func seconds(threads: Int, runs: Int) -> Double {
    let parts = parts(threads)
    return Stopwatch.median(runs: runs) { _ in
      DispatchQueue.concurrentPerform(iterations: threads) { index in
        text.withUnsafeBytes { encode(UnsafeRawBufferPointer(rebasing: $0[parts[index]])) }
      }
    }
  }

  private func encode(_ bytes: UnsafeRawBufferPointer) {
    let encoder = tokenizer.makeTokenIDEncoder()
    var ids: [Int32] = []
    var place = 0
    while place < bytes.count {
      let end = lineEnd(bytes, from: min(place + Self.stepBytes, bytes.count))
      ids.removeAll(keepingCapacity: true)
      encoder.appendTokenIDs(
        ofUTF8: UnsafeRawBufferPointer(rebasing: bytes[place..<end]), to: &ids)
      place = end
    }
  }

  private func parts(_ count: Int) -> [Range<Int>] {
    text.withUnsafeBytes { bytes in
      let ends = (1...count).map { lineEnd(bytes, from: bytes.count * $0 / count) }
      return zip([0] + ends, ends).map { $0..<$1 }
    }
  }

  private func lineEnd(_ bytes: UnsafeRawBufferPointer, from place: Int) -> Int {
    bytes[place...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
  }
}
