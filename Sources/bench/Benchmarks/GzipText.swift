import Foundation

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
