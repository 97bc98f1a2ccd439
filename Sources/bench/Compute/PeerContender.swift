import Foundation
import Transformer

/// A peer's program for one work.
final class PeerContender: Contender {
  let name: String
  let precision: ComputePrecision
  private let process: PeerProcess
  private let task: String
  private let outputs: URL
  private let times: Int
  private let amount: Double

  /// Has the peer make its task.
  ///
  /// - Parameters:
  ///   - name: What rows call it.
  ///   - process: The peers' Python.
  ///   - work: The task.
  ///   - times: Repetitions of a turn.
  ///   - amount: What one repetition does, in the unit of the rate.
  /// - Throws: `ComputeFailure` with what failed there.
  init(
    _ name: String, _ process: PeerProcess, _ work: PeerWork, times: Int = 1, amount: Double
  ) throws {
    self.name = name
    self.process = process
    self.times = times
    self.amount = amount
    precision = work.precision
    (task, outputs) = try process.prepare(work)
  }

  deinit { process.drop(task) }

  func rate() throws -> Double {
    Double(times) * amount / (try process.seconds(task, times: times))
  }

  /// What the task computed, before anything was timed.
  func output(_ name: String) throws -> [Float] { try Safetensors(url: outputs).floats(name) }
}
