import Foundation
import Kernels

/// The same work in PyTorch, where a Python with torch and transformers is there.
struct PyTorchPeer {
  private let values: [String: Double]
  /// Why there are no values; nil where there are.
  let note: String?

  init(plan: MeasuringPlan) {
    guard FileManager.default.isExecutableFile(atPath: PythonPeer.interpreter) else {
      values = [:]
      note = "no PyTorch columns: DECANT_PYTHON is not set and there is no .build/python"
      return
    }
    let figures = PythonPeer.figures("peers.py", ["\(Parallel.threads)", "\(plan.runs)"])
    values = figures ?? [:]
    note =
      figures == nil
      ? "no PyTorch columns: \(PythonPeer.interpreter) Benchmarks/peers.py failed" : nil
  }

  /// A figure of the script by its name.
  func value(_ name: String) -> Double? { values[name] }
}
