import Foundation
import TestSupport

/// A Python with torch and transformers: `DECANT_PYTHON`, or what `make python-env` makes.
enum PythonEnvironment {
  /// The interpreter, or nil where there is none that has the packages.
  static let interpreter: String? = {
    let made = SharedFixtures.repository.appending(path: ".build/python/bin/python").path
    let path = ProcessInfo.processInfo.environment["DECANT_PYTHON"] ?? made
    let outcome = try? ChildProcess.run(
      path, ["-c", "import torch, transformers, safetensors.torch"], timeoutSeconds: 300)
    return outcome?.ending == .exited(0) ? path : nil
  }()
}
