import Foundation
import TestSupport

/// A Python with torch and transformers: `DECANT_PYTHON`, or what `make python-env` makes.
enum PythonEnvironment {
  /// The interpreter, or nil where there is none that has the packages.
  static let interpreter: String? = has("torch, transformers, safetensors.torch") ? path : nil

  /// Whether it has TensorBoard.
  static let hasTensorBoard = has("tensorboard.backend.event_processing.event_accumulator")

  /// Where it is, if it is there.
  static let path =
    ProcessInfo.processInfo.environment["DECANT_PYTHON"]
    ?? SharedFixtures.repository.appending(path: ".build/python/bin/python").path

  private static func has(_ modules: String) -> Bool {
    let outcome = try? ChildProcess.run(path, ["-c", "import \(modules)"], timeoutSeconds: 300)
    return outcome?.ending == .exited(0)
  }
}
