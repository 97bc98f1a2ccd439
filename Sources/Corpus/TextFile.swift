package import Foundation

/// One input file of text, and how to read it.
package struct TextFile: Sendable, Equatable {
  /// What the (uncompressed) bytes are.
  package enum Format: String, Sendable, Codable {
    /// Running text, `.txt`.
    case text = "txt"
    /// One JSON object a line, `.jsonl`.
    case jsonLines = "jsonl"
  }

  /// Where the file is.
  package let url: URL
  /// Its name in manifests: the last path component, or the path below the input folder.
  package let name: String
  /// What the uncompressed bytes are.
  package let format: Format
  /// Whether the name ends in `.gz`.
  package let isGzip: Bool
  /// Size on disk when it was listed.
  package let bytes: Int

  /// How the file is read, in one word: `txt`, `jsonl`, `txt.gz` or `jsonl.gz`.
  var formatName: String { format.rawValue + (isGzip ? ".gz" : "") }

  /// The path as the user knows it, for messages.
  var path: String { url.path }

  /// Lists the files that inputs stand for.
  ///
  /// A file has to end in `.txt`, `.jsonl`, `.txt.gz` or `.jsonl.gz`. A folder stands for all such
  /// files below it, hidden ones left out, sorted by the bytes of their path; files of other names
  /// in it are passed over.
  ///
  /// - Parameter inputs: Files and folders, taken in the order given.
  /// - Returns: at least one file.
  /// - Throws: `CorpusError.unreadable`, `.unsupportedFile`, `.noInput`.
  package static func list(_ inputs: [URL]) throws -> [TextFile] {
    guard !inputs.isEmpty else { throw CorpusError.noInput(folder: nil) }
    return try inputs.flatMap { input -> [TextFile] in
      var status = stat()
      guard stat(input.path, &status) == 0 else {
        throw CorpusError.unreadable(file: input.path, reason: systemMessage(errno))
      }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        return try files(below: input)
      case S_IFREG:
        guard
          let file = TextFile(url: input, name: input.lastPathComponent, bytes: Int(status.st_size))
        else { throw CorpusError.unsupportedFile(file: input.path) }
        return [file]
      default:
        throw CorpusError.unreadable(
          file: input.path, reason: "it is neither a file nor a folder")
      }
    }
  }

  /// Recognises a file by its name; nil for a name that does not tell.
  private init?(url: URL, name: String, bytes: Int) {
    var stem = Substring(name.lowercased())
    isGzip = stem.hasSuffix(".gz")
    if isGzip {
      stem = stem.dropLast(3)
    }
    if stem.hasSuffix(".txt") {
      format = .text
    } else if stem.hasSuffix(".jsonl") {
      format = .jsonLines
    } else {
      return nil
    }
    self.url = url
    self.name = name
    self.bytes = bytes
  }

  private static func files(below folder: URL) throws -> [TextFile] {
    let keys: [URLResourceKey] = [.isRegularFileKey, .fileSizeKey]
    var failure: (any Error)?
    let enumerator = FileManager.default.enumerator(
      at: folder, includingPropertiesForKeys: keys, options: [.skipsHiddenFiles],
      errorHandler: { _, error in
        failure = error
        return false
      })
    // Relative names come from the path components, which symbolic links and "/./" cannot confuse.
    let depth = folder.standardizedFileURL.pathComponents.count
    var found: [TextFile] = []
    while let url = enumerator?.nextObject() as? URL {
      var status = stat()
      guard stat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      let name = url.standardizedFileURL.pathComponents.dropFirst(depth).joined(separator: "/")
      if let file = TextFile(url: url, name: name, bytes: Int(status.st_size)) {
        found.append(file)
      }
    }
    if let failure {
      throw CorpusError.unreadable(file: folder.path, reason: "\(failure.localizedDescription)")
    }
    guard !found.isEmpty else { throw CorpusError.noInput(folder: folder.path) }
    return found.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }
}

/// The operating system's words for an error number.
func systemMessage(_ code: Int32) -> String {
  String(cString: strerror(code))
}
