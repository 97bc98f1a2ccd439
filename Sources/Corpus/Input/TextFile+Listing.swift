package import Foundation

extension TextFile {
  /// Lists the files that words of a command line stand for.
  ///
  /// A word is a file, a folder, `-` for standard input, or a pattern with `*`, `?` or `[…]` as the
  /// shell has them, whose matches are taken in the order of their bytes. What exists under exactly
  /// that name is not taken for a pattern.
  ///
  /// - Parameters:
  ///   - arguments: The words, taken in the order given.
  ///   - inputFormat: How standard input is read, and files named here whose suffix does not tell.
  /// - Returns: at least one file.
  /// - Throws: `CorpusError.noMatch`, `.invalidOption` (standard input without a format, or twice),
  ///   and as `list(_:inputFormat:)`.
  package static func list(
    arguments: [String], inputFormat: TextFormat? = nil
  ) throws -> [TextFile] {
    guard !arguments.isEmpty else { throw CorpusError.noInput(folder: nil) }
    guard arguments.count(where: { $0 == "-" }) < 2 else {
      throw CorpusError.invalidOption(name: "input", value: "- twice", allowed: "- at most once")
    }
    return try arguments.flatMap { argument -> [TextFile] in
      guard argument != "-" else {
        guard let inputFormat else {
          throw CorpusError.invalidOption(
            name: "input format", value: "left out for standard input",
            allowed: "given with --input-format, such as txt or jsonl.gz")
        }
        return [TextFile(standardInput: inputFormat)]
      }
      let isPattern = argument.contains { "*?[".contains($0) } && access(argument, F_OK) != 0
      let paths = isPattern ? try matches(of: argument) : [argument]
      return try list(
        paths.map { URL(filePath: $0).standardizedFileURL }, inputFormat: inputFormat)
    }
  }

  /// Lists the files that inputs stand for.
  ///
  /// A file's name has to end in `.txt`, `.jsonl`, `.tsv` or `.csv`, or in one of these and `.gz` or
  /// `.zst`. A folder stands for all such files below it, hidden ones left out, sorted by the bytes
  /// of their path; files of other names in it are passed over.
  ///
  /// - Parameters:
  ///   - inputs: Files and folders, taken in the order given.
  ///   - inputFormat: How a file named here is read whose suffix does not tell.
  ///   - tables: Whether tables are read; otherwise they are files of other names.
  /// - Returns: at least one file.
  /// - Throws: `CorpusError.unreadable`, `.unsupportedFile`, `.noInput`.
  package static func list(
    _ inputs: [URL], inputFormat: TextFormat? = nil, tables: Bool = true
  ) throws -> [TextFile] {
    guard !inputs.isEmpty else { throw CorpusError.noInput(folder: nil) }
    return try inputs.flatMap { input -> [TextFile] in
      var status = stat()
      guard stat(input.path, &status) == 0 else {
        throw CorpusError.unreadable(file: input.path, reason: systemMessage(errno))
      }
      let name = input.lastPathComponent
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        return try files(below: input, tables: tables)
      case S_IFREG:
        guard let kind = TextFormat(fileName: name) ?? inputFormat, tables || !kind.content.isTable
        else {
          throw CorpusError.unsupportedFile(file: input.path)
        }
        return [TextFile(url: input, name: name, kind: kind, bytes: Int(status.st_size))]
      default:
        throw CorpusError.unreadable(
          file: input.path, reason: "it is neither a file nor a folder")
      }
    }
  }

  private static func files(below folder: URL, tables: Bool) throws -> [TextFile] {
    let keys: [URLResourceKey] = [.isRegularFileKey, .fileSizeKey]
    var failure: (any Error)?
    // An enumerator does not enter a folder that is itself a symbolic link.
    let resolved = folder.resolvingSymlinksInPath()
    let enumerator = FileManager.default.enumerator(
      at: resolved, includingPropertiesForKeys: keys, options: [.skipsHiddenFiles],
      errorHandler: { _, error in
        failure = error
        return false
      })
    let depth = resolved.pathComponents.count
    var found: [TextFile] = []
    while let url = enumerator?.nextObject() as? URL {
      var status = stat()
      guard stat(url.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        let kind = TextFormat(fileName: url.lastPathComponent), tables || !kind.content.isTable
      else { continue }
      let name = url.pathComponents.dropFirst(depth).joined(separator: "/")
      found.append(TextFile(url: url, name: name, kind: kind, bytes: Int(status.st_size)))
    }
    if let failure {
      throw CorpusError.unreadable(file: folder.path, reason: "\(failure.localizedDescription)")
    }
    guard !found.isEmpty else { throw CorpusError.noInput(folder: folder.path) }
    return found.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func matches(of pattern: String) throws -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(pattern, GLOB_NOSORT, nil, &result) == 0, let paths = result.gl_pathv else {
      throw CorpusError.noMatch(pattern: pattern)
    }
    return (0..<Int(result.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// The operating system's words for an error number.
func systemMessage(_ code: Int32) -> String {
  String(cString: strerror(code))
}
