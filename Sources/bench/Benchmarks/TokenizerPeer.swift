import Foundation

/// The figures of `Benchmarks/tokenizers_peer.py`, where a Python with `tokenizers` is there.
struct TokenizerPeer {
  private let values: [String: Double]

  init(vocabulary: URL, runs: Int, texts: [(name: String, file: URL)]) {
    let environment = ProcessInfo.processInfo.environment
    let process = Process()
    process.executableURL = URL(
      filePath: environment["DECANT_PYTHON"] ?? ".build/python/bin/python")
    process.arguments =
      ["Benchmarks/tokenizers_peer.py", vocabulary.path, "\(runs)"]
      + texts.map { "\($0.name)=\($0.file.path)" }
    let output = Pipe()
    process.standardOutput = output
    guard (try? process.run()) != nil,
      let data = try? output.fileHandleForReading.readToEnd()
    else {
      values = [:]
      return
    }
    process.waitUntilExit()
    values = (try? JSONDecoder().decode([String: Double].self, from: data)) ?? [:]
  }

  /// A figure of the script by its name.
  func value(_ name: String) -> Double? { values[name] }
}

/// Whole text files.
enum GzipText {
  /// The bytes of a file, gunzipped where its name ends in `.gz`.
  static func read(_ url: URL) throws -> [UInt8] {
    guard url.pathExtension == "gz" else { return [UInt8](try Data(contentsOf: url)) }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/gzip")
    process.arguments = ["-dc", url.path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw ValidationFailure(description: "'\(url.path)' is not a gzip file")
    }
    return [UInt8](data)
  }
}
