import Foundation

/// Reads reference files, through `gzip -dc` where they are compressed.
enum ReferenceFile {
  struct Failure: Error { let path: String }

  static func bytes(_ url: URL) throws -> [UInt8] {
    guard url.pathExtension == "gz" else { return [UInt8](try Data(contentsOf: url)) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", url.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(path: url.path) }
    return [UInt8](data)
  }

  /// Decodes one JSON value a line.
  static func jsonLines<Row: Decodable>(_ url: URL, as type: Row.Type) throws -> [Row] {
    try bytes(url).split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(type, from: Data($0))
    }
  }
}
