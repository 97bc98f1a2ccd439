import CZlib
import CZstd
import Corpus
import Foundation
import TestSupport
import Tokenizer

/// Texts of one-letter words, their vocabulary, and what a build left.
extension TemporaryFolder {
  /// The words that the test texts use, after the special tokens; `[CLS]` is 2, `[SEP]` 3, `a` 5.
  static let words =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    + "a b c d e f g h i j k l m n o p q r s t u v w x y z".split(separator: " ").map(String.init)

  /// A tokenizer of one-letter words; every other word is `[UNK]`.
  func letterTokenizer(extra: [String] = []) throws -> WordPieceTokenizer {
    let words = TemporaryFolder.words + extra
    let file = try write("vocabulary/vocab.txt", words.joined(separator: "\n") + "\n")
    return try WordPieceTokenizer.load(vocabularyFile: file, configurationFile: nil)
  }

  /// Letters by their place in the alphabet, counted round it, with spaces between them.
  static func letters(_ places: some Sequence<Int>) -> String {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz")
    return places.map { String(alphabet[$0 % 26]) }.joined(separator: " ")
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

/// One Zstandard frame.
func zstd(_ bytes: [UInt8]) -> [UInt8] {
  var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
  let count = ZSTD_compress(&output, output.count, bytes, bytes.count, 3)
  return ZSTD_isError(count) == 0 ? Array(output[..<count]) : []
}

/// All sequences of a corpus in letters: a letter of the letter vocabulary is itself, any other
/// token its ID in brackets; `[CLS]` and `[SEP]` are left out.
func texts(of folder: URL) throws -> [String] {
  let corpus = try TokenizedCorpus.open(folder: folder)
  try corpus.verify()
  return try (0..<corpus.blockCount).flatMap { number in
    let block = try corpus.block(number)
    return (0..<block.count).map { index in
      block.sequence(index).dropFirst().dropLast().map { id in
        (5..<31).contains(id) ? String(UnicodeScalar(UInt8(id - 5 + 97))) : "[\(id)]"
      }.joined()
    }
  }
}

/// The documents of a file, each as its pieces joined by `|`.
func documents(
  _ file: TextFile, unit: DocumentUnit = .line, field: String = "text", column: String? = nil,
  header: Bool = false, strict: Bool = false, unitBytes: Int = 1 << 20
) throws -> [String] {
  let source = try TextSource(
    file: file, unit: unit, jsonField: field,
    column: try column.map { try TableColumn($0, hasHeader: header) }, strict: strict,
    unitBytes: unitBytes)
  var documents: [String] = []
  var pieces: [String] = []
  try source.forEachEvent { event in
    switch event {
    case .text(let bytes): pieces.append(String(decoding: bytes, as: UTF8.self))
    case .endOfDocument:
      documents.append(pieces.joined(separator: "|"))
      pieces = []
    }
  }
  return documents
}
