import CZlib
import Foundation
import Tokenizer

/// A folder for one test, removed with the value.
final class ScratchFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(
      path: "corpus-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  /// Writes a file below the folder and the folders above it.
  @discardableResult
  func write(_ name: String, _ bytes: some Collection<UInt8>) throws -> URL {
    let file = url.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> URL {
    try write(name, Array(text.utf8))
  }

  /// The words that the test texts use, after the special tokens; `[CLS]` is 2, `[SEP]` 3, `a` 5.
  static let words =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    + "a b c d e f g h i j k l m n o p q r s t u v w x y z".split(separator: " ").map(String.init)

  /// A tokenizer of one-letter words; every other word is `[UNK]`.
  func letterTokenizer(extra: [String] = []) throws -> WordPieceTokenizer {
    let words = ScratchFolder.words + extra
    let file = try write("vocabulary/vocab.txt", words.joined(separator: "\n") + "\n")
    return try WordPieceTokenizer.load(vocabularyFile: file, configurationFile: nil)
  }

  /// The contents of every file below a folder, by relative path.
  static func contents(of folder: URL) throws -> [String: Data] {
    var found: [String: Data] = [:]
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
      let file = folder.appending(path: path)
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder),
        !isFolder.boolValue
      {
        found[path] = try Data(contentsOf: file)
      }
    }
    return found
  }
}

/// The ID of a letter in the letter vocabulary.
func id(_ letter: Character) -> Int32 {
  Int32(letter.asciiValue ?? 0) - 97 + 5
}

/// One gzip member.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 100 + 1_000)
  var input = bytes
  // 15 bits of window, + 16: a gzip header.
  guard
    deflateInit2_(
      &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, zlibVersion(),
      Int32(MemoryLayout<z_stream>.size)) == Z_OK
  else { return [] }
  let count = input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      _ = deflate(&stream, Z_FINISH)
      deflateEnd(&stream)
      return Int(stream.total_out)
    }
  }
  return Array(output[..<count])
}
