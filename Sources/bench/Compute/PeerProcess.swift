import Console
import Foundation

/// The peers' side: a Python that does work when it is told to, `Benchmarks/compute/server.py`.
///
/// One caller at a time; it ends when its input does.
final class PeerProcess {
  /// Versions of its libraries.
  private(set) var versions: [String: String] = [:]
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var received = Data()
  private let folder: URL
  private var taskCount = 0

  /// Starts it.
  ///
  /// - Parameters:
  ///   - threads: Threads of each of its libraries.
  ///   - folder: Where outputs go that are compared.
  ///   - log: Receives what its libraries print.
  /// - Returns: nil where there is no such Python, said in one line.
  static func start(threads: Int, folder: URL, log: URL) -> PeerProcess? {
    guard FileManager.default.isExecutableFile(atPath: PythonPeer.interpreter) else {
      Terminal.note(
        "no peers: DECANT_PYTHON is not set and there is no .build/python ('make python-env')")
      return nil
    }
    do {
      return try PeerProcess(threads: threads, folder: folder, log: log)
    } catch {
      Terminal.note(
        "no peers: \(PythonPeer.interpreter) Benchmarks/compute/server.py failed, see "
          + log.relativePath)
      return nil
    }
  }

  private init(threads: Int, folder: URL, log: URL) throws {
    self.folder = folder
    signal(SIGPIPE, SIG_IGN)  // a peer that died is an error, not our end
    try Data().write(to: log)
    process.executableURL = URL(filePath: PythonPeer.interpreter)
    process.arguments = ["-W", "ignore", "Benchmarks/compute/server.py", "\(threads)"]
    process.environment = ProcessInfo.processInfo.environment.merging(PythonPeer.quiet) { $1 }
    process.standardInput = input
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: log)
    try process.run()
    versions = try JSONDecoder().decode([String: String].self, from: readLine())
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Whether a library is there; where it is not, that is said.
  func has(_ library: String) -> Bool {
    guard versions[library] == nil else { return true }
    Terminal.note("no rows of \(library): \(PythonPeer.interpreter) has none ('make python-env')")
    return false
  }

  /// Has a task made.
  ///
  /// - Returns: The task, and the file with its outputs.
  /// - Throws: `ComputeFailure`.
  func prepare(_ work: PeerWork) throws -> (task: String, outputs: URL) {
    taskCount += 1
    let task = "\(taskCount)"
    let file = folder.appending(path: "peer-\(task).safetensors")
    _ = try ask(Command(do: "prepare", task: task, work: work, output: file.path))
    return (task, file)
  }

  /// Seconds of some repetitions of a task.
  func seconds(_ task: String, times: Int) throws -> Double {
    try ask(Command(do: "run", task: task, times: times)).seconds ?? 0
  }

  /// Forgets a task and frees its memory.
  func drop(_ task: String) { _ = try? ask(Command(do: "drop", task: task)) }

  private struct Command: Encodable {
    var `do`: String
    var task: String
    var times: Int?
    var work: PeerWork?
    var output: String?
  }

  private struct Answer: Decodable {
    var seconds: Double?
    var error: String?
  }

  private func ask(_ command: Command) throws -> Answer {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    try input.fileHandleForWriting.write(contentsOf: encoder.encode(command) + [10])
    let answer = try JSONDecoder().decode(Answer.self, from: readLine())
    if let error = answer.error { throw ComputeFailure(error) }
    return answer
  }

  private func readLine() throws -> Data {
    while true {
      if let end = received.firstIndex(of: 10) {
        let line = Data(received[..<end])
        received = Data(received[(end + 1)...])
        return line
      }
      let more = output.fileHandleForReading.availableData
      guard !more.isEmpty else { throw ComputeFailure("the peers' Python ended") }
      received += more
    }
  }
}

/// Why some work was not measured.
struct ComputeFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
