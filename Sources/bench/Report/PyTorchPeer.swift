import Foundation
import Kernels

/// The same work in PyTorch, where a Python with torch and transformers is there.
struct PyTorchPeer {
  private let values: [String: Double]
  /// Why there are no values; nil where there are.
  let note: String?

  init(plan: MeasuringPlan) {
    let environment = ProcessInfo.processInfo.environment
    let python = environment["DECANT_PYTHON"] ?? ".build/python/bin/python"
    guard FileManager.default.isExecutableFile(atPath: python) else {
      values = [:]
      note = "no PyTorch columns: DECANT_PYTHON is not set and there is no .build/python"
      return
    }
    let process = Process()
    process.executableURL = URL(filePath: python)
    process.arguments = ["Benchmarks/peers.py", "\(Parallel.threads)", "\(plan.runs)"]
    let output = Pipe()
    process.standardOutput = output
    do {
      try process.run()
      let data = try output.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      values = try JSONDecoder().decode([String: Double].self, from: data)
      note = nil
    } catch {
      values = [:]
      note = "no PyTorch columns: \(python) Benchmarks/peers.py failed"
    }
  }

  /// A figure of the script by its name.
  func value(_ name: String) -> Double? { values[name] }
}
