import Dispatch
import Synchronization

/// Token IDs of long texts on several threads, each with a ``TokenIDEncoder`` of its own.
///
/// A text is cut at white space into units of about a mebibyte, and threads take one after the
/// other. The units depend on the text alone and come back in order, so the result is the same for
/// any number of threads. One caller at a time.
public final class ParallelTokenIDEncoder {
  private let tokenizer: WordPieceTokenizer
  private let seats: [Seat]
  /// A unit ends at the first boundary behind so many bytes.
  private static let unitBytes = 1 << 20

  /// Encoders for some threads.
  ///
  /// - Parameters:
  ///   - tokenizer: The tokenizer whose IDs it gives.
  ///   - threads: How many threads, at least 1; the caller's is one of them.
  ///   - recognizesSpecialTokens: Whether special tokens in the text are recognised.
  public init(
    _ tokenizer: WordPieceTokenizer, threads: Int, recognizesSpecialTokens: Bool = true
  ) {
    precondition(threads >= 1, "a text is read by at least one thread")
    self.tokenizer = tokenizer
    seats = (0..<threads).map { _ in
      Seat(TokenIDEncoder(tokenizer, recognizesSpecialTokens: recognizesSpecialTokens))
    }
  }

  /// The token IDs of a text, without the template.
  ///
  /// - Parameter bytes: The text, valid UTF-8 (see ``UTF8Repair``).
  /// - Returns: The IDs of one unit after the other; put together they are those of the text.
  public func tokenIDs(ofUTF8 bytes: UnsafeRawBufferPointer) -> [[Int32]] {
    let units = units(of: bytes)
    // Threads write to elements of their own, so the array is not touched as a whole meanwhile.
    let results = Results(count: units.count, text: bytes)
    let next = Atomic<Int>(0)
    let seats = seats
    DispatchQueue.concurrentPerform(iterations: min(seats.count, max(units.count, 1))) { seat in
      while true {
        let unit = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard unit < units.count else { return }
        results.fill(unit, with: units[unit], by: seats[seat].encoder)
      }
    }
    return results.take()
  }

  /// Ranges that cover the text, cut where words end whatever the normalizer does.
  private func units(of bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
    guard let base = UnsafeRawPointer(bytes.baseAddress), tokenizer.tokensStayInChunks else {
      return [0..<bytes.count]
    }
    var units: [Range<Int>] = []
    var start = 0
    while start < bytes.count {
      let least = min(start + Self.unitBytes, bytes.count)
      let end = ChunkBoundary.next(in: base, from: least, end: bytes.count)
      units.append(start..<end)
      start = end
    }
    return units
  }

  private final class Seat: @unchecked Sendable {  // One thread at a time.
    let encoder: TokenIDEncoder
    init(_ encoder: TokenIDEncoder) { self.encoder = encoder }
  }

  private final class Results: @unchecked Sendable {  // Each element is written by one thread.
    private let parts: UnsafeMutableBufferPointer<[Int32]>
    private let text: UnsafeRawBufferPointer

    init(count: Int, text: UnsafeRawBufferPointer) {
      self.text = text
      parts = .allocate(capacity: count)
      parts.initialize(repeating: [])
    }

    deinit {
      parts.deinitialize()
      parts.deallocate()
    }

    func fill(_ index: Int, with range: Range<Int>, by encoder: TokenIDEncoder) {
      // Text has three to five bytes a token.
      parts[index].reserveCapacity(range.count / 3)
      encoder.appendTokenIDs(
        ofUTF8: UnsafeRawBufferPointer(rebasing: text[range]), to: &parts[index])
    }

    func take() -> [[Int32]] { Array(parts) }
  }
}
