import Foundation

/// Turns a block of lines into bytes of output; one for each thread.
protocol LineWorker: AnyObject {
  /// Appends the output for a block.
  func transform(_ block: LineReader.Block, into output: ByteOutput) throws
}

/// Turns blocks of lines into output on several threads, in order.
enum LineJob {
  /// Reads all blocks, transforms them and writes the results to standard output.
  ///
  /// - Parameters:
  ///   - reader: Where the lines come from.
  ///   - workers: One for each thread.
  /// - Throws: what the reader and the workers throw; ``LineReader/Failure`` where standard output
  ///   cannot be written. What was written before stays written.
  static func run(_ reader: LineReader, workers: [any LineWorker]) throws {
    let seats = workers.map(Seat.init)
    while true {
      var taken = 0
      while taken < seats.count, let block = try reader.next() {
        seats[taken].block = block
        taken += 1
        // What is small is answered at once, as it may come from a terminal.
        if block.bytes.count < 1 << 16 { break }
      }
      guard taken > 0 else { return }
      if taken == 1 {
        seats[0].work()
      } else {
        DispatchQueue.concurrentPerform(iterations: taken) { seats[$0].work() }
      }
      for seat in seats[..<taken] {
        // What came before a bad line is written, as it would be one line at a time.
        try write(seat.output.bytes)
        if let failure = seat.failure { throw failure }
      }
    }
  }

  /// Writes all bytes to standard output.
  private static func write(_ bytes: UnsafeRawBufferPointer) throws {
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let count = Foundation.write(1, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        throw LineReader.Failure(
          description: "cannot write to standard output: \(String(cString: strerror(errno)))")
      }
      written += count
    }
  }

  /// A worker with its block and its output; a round gives each to one thread.
  private final class Seat: @unchecked Sendable {  // One thread at a time, see above.
    let worker: any LineWorker
    let output = ByteOutput()
    var block: LineReader.Block?
    var failure: (any Error)?

    init(_ worker: any LineWorker) { self.worker = worker }

    func work() {
      guard let block else { return }
      output.count = 0
      do { try worker.transform(block, into: output) } catch { failure = error }
    }
  }
}
