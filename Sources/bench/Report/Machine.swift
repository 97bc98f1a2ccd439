import Foundation
import Kernels

#if canImport(Glibc)
  import Glibc
#endif

/// What the figures were measured on.
struct Machine: Encodable {
  /// The processor as the system calls it.
  let processor: String
  /// Cores that the process may use.
  let cores: Int
  /// Threads that were used.
  let threads: Int
  /// Matrix kernels in use.
  let kernels: String
  /// Processes that wanted to run in the minute before, on average: figures are for a quiet machine.
  let loadAverage: Double

  static func current() -> Machine {
    var load = [0.0]
    let known = getloadavg(&load, 1) == 1
    return Machine(
      processor: processorName(), cores: Parallel.availableCores(), threads: Parallel.threads,
      kernels: "\(KernelSet.products)", loadAverage: known ? load[0] : 0)
  }

  /// One line for the terminal.
  var text: String {
    "\(processor), \(cores) cores, \(threads) threads, \(kernels), load "
      + String(format: "%.1f", loadAverage)
  }

  private static func processorName() -> String {
    let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    for line in information.split(separator: "\n") where line.hasPrefix("model name") {
      if let colon = line.firstIndex(of: ":") {
        return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
    }
    return "unknown processor"
  }
}
