import Foundation

/// Runs a script of `Benchmarks/` that measures the same work elsewhere.
enum PythonPeer {
  /// The interpreter: `DECANT_PYTHON`, or the one that `make python-env` makes.
  static var interpreter: String {
    ProcessInfo.processInfo.environment["DECANT_PYTHON"] ?? ".build/python/bin/python"
  }

  /// The interpreter for `--reading`: `DECANT_READING_PYTHON`, or what `make python-env` makes; apart
  /// from the other, because mosaicml-streaming needs other versions of torch and numpy.
  static var readingInterpreter: String {
    ProcessInfo.processInfo.environment["DECANT_READING_PYTHON"]
      ?? ".build/reading-python/bin/python"
  }

  /// Variables that have the libraries say less, and ask nothing of the network.
  static let quiet = ["TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1"]

  /// The figures that a script prints as one JSON object.
  ///
  /// - Parameters:
  ///   - script: A file of `Benchmarks/`.
  ///   - arguments: Its arguments.
  ///   - interpreter: Runs it.
  ///   - environment: Variables that are set for it.
  /// - Returns: nil where there is no interpreter or the script fails, as without its libraries.
  static func figures(
    _ script: String, _ arguments: [String], interpreter: String = interpreter,
    environment: [String: String] = [:]
  ) -> [String: Double]? {
    let process = Process()
    process.executableURL = URL(filePath: interpreter)
    process.arguments = ["Benchmarks/\(script)"] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    guard (try? process.run()) != nil,
      let data = try? output.fileHandleForReading.readToEnd()
    else { return nil }
    process.waitUntilExit()
    return try? JSONDecoder().decode([String: Double].self, from: data)
  }
}
