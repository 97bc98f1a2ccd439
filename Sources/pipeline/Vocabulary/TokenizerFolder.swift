import Corpus
import Foundation
import Tokenizer

/// The folder that a new tokenizer goes to: written whole, or not at all.
struct TokenizerFolder {
  private let destination: URL
  private let staging: StagingFolder

  /// Checks that the folder may be written, before any work is done for it.
  ///
  /// - Throws: `CommandFailure` where the folder holds something that is no tokenizer, `CorpusError`
  ///   where nothing can be written beside it.
  init(_ folder: URL) throws {
    destination = folder.standardizedFileURL
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: destination.path, isDirectory: &isFolder) {
      let names = try? FileManager.default.contentsOfDirectory(atPath: destination.path)
      guard isFolder.boolValue, let names, names.isEmpty || names.contains("vocab.txt") else {
        throw CommandFailure(
          "'\(destination.path)' exists and holds no tokenizer; it was left as it is: choose another"
            + " folder, or remove it first")
      }
    }
    staging = try StagingFolder(destination: destination)
  }

  /// Writes the tokenizer, or finds the same one there.
  ///
  /// - Returns: Whether it was there.
  /// - Throws: `CommandFailure` where another one is there, and what writing throws.
  func publish(_ tokenizer: WordPieceTokenizer) throws -> Bool {
    try tokenizer.save(to: staging.url)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: destination.path)) ?? []
    guard !names.isEmpty else {
      try staging.commit()
      return false
    }
    let made = try FileManager.default.contentsOfDirectory(atPath: staging.url.path).sorted()
    let differences = Set(names).union(made).sorted().filter {
      let file = FileManager.default.contents(atPath: destination.appending(path: $0).path)
      return file != FileManager.default.contents(atPath: staging.url.appending(path: $0).path)
    }
    guard differences.isEmpty else {
      throw CommandFailure(
        "'\(destination.path)' holds another tokenizer, which differs in "
          + differences.joined(separator: ", ")
          + "; it was left as it is: choose another folder, or remove it first")
    }
    return true
  }
}
