import Foundation
import StudentTrainer

/// A student in work: a process of this program, which writes to a log in the student's folder.
final class SweepChild {
  /// Index of the student.
  let index: Int
  /// Its folder.
  let folder: URL
  /// The most memory that it had so far.
  private(set) var peakBytes = 0
  private let process = Process()

  /// The log's name.
  static let logName = "output.log"

  /// Starts a student.
  ///
  /// - Parameters:
  ///   - index: Index of the student.
  ///   - folder: Its folder, which is there.
  ///   - arguments: The command line.
  /// - Throws: `CommandFailure` where it cannot be started.
  init(index: Int, folder: URL, arguments: [String]) throws {
    (self.index, self.folder) = (index, folder)
    let log = folder.appending(path: Self.logName)
    if !FileManager.default.fileExists(atPath: log.path) {
      _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    }
    do {
      let output = try FileHandle(forWritingTo: log)
      defer { try? output.close() }
      try output.seekToEnd()
      process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      process.arguments = arguments
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = output
      process.standardError = output
      try process.run()
    } catch {
      throw CommandFailure(
        "cannot start a student in \(folder.path): \(error.localizedDescription)")
    }
  }

  /// Whether it is still at work.
  func isRunning() -> Bool {
    guard process.isRunning else { return false }
    peakBytes = max(peakBytes, MachineMemory.peakBytes(ofProcess: process.processIdentifier) ?? 0)
    return true
  }

  /// Passes a signal on: a student has a process group of its own, and hears none of a terminal.
  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// How it ended.
  ///
  /// - Precondition: It has ended.
  var exitCode: Int32 { process.terminationStatus }

  /// What it said last, which of a failed one is why.
  var lastWords: String? {
    guard let data = end(of: Self.logName) else { return nil }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    let last = lines.last { $0.hasPrefix("Error: ") } ?? lines.last
    return last.map { $0.hasPrefix("Error: ") ? String($0.dropFirst(7)) : String($0) }
  }

  /// Steps done, steps of the whole run, and the last loss; nil before the first line of its metrics.
  var progress: (step: Int, total: Int?, loss: Double?)? {
    guard let data = end(of: "metrics.jsonl") else { return nil }
    var (step, loss): (Int?, Double?) = (nil, nil)
    for line in data.split(separator: UInt8(ascii: "\n")).reversed() {
      guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any] else {
        continue
      }
      step = step ?? (object["step"] as? NSNumber)?.intValue
      loss = (object["loss"] as? NSNumber)?.doubleValue
      if loss != nil { break }
    }
    let total = try? RunIdentity.read(folder: folder)?.totalSteps
    return step.map { ($0, total, loss) }
  }

  /// The last few lines of a file of the folder.
  private func end(of name: String) -> Data? {
    guard let file = try? FileHandle(forReadingFrom: folder.appending(path: name)) else {
      return nil
    }
    defer { try? file.close() }
    guard let size = try? file.seekToEnd() else { return nil }
    try? file.seek(toOffset: size > 4096 ? size - 4096 : 0)
    return try? file.readToEnd()
  }
}
