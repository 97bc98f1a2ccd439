import ArgumentParser
import Console
import Foundation
import Kernels
import Logging

/// Options of every command that computes.
struct CommonOptions: ParsableArguments {
  @Option(help: "Threads; the default is the cores that this process may use.")
  var threads: Int?

  @OptionGroup var logging: LogOptions

  /// True where no progress is to be shown.
  var quiet: Bool { logging.quiet }

  /// The command's log.
  var log: Logger { logging.log }

  /// Checks the numbers.
  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads) is not between 1 and 1024")
    }
  }

  /// Writes out the threads that compute.
  func resolve(into options: inout ResolvedOptions) { options.set("threads", Parallel.threads) }

  /// Sets the threads and says what computes.
  func start(_ precision: Precision = .fp32) {
    FreedMemory.keep()
    if let threads { Parallel.threads = threads }
    let emulated = precision == .bf16 && Precision.preferred != .bf16
    log.info(
      """
      kernels: \(KernelSet.products), \(precision)\(emulated ? " (emulated, slower than fp32)" : ""), \
      \(Parallel.threads) threads
      """)
  }
}

/// A path as written at the command line.
extension URL {
  /// The file or folder of a command-line argument.
  init(argument path: String) {
    self = URL(filePath: path).standardizedFileURL
  }
}
