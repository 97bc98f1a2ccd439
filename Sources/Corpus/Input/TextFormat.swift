/// How the bytes of an input are to be read.
package struct TextFormat: Hashable, Sendable {
  /// What the (uncompressed) bytes are.
  package enum Content: String, Sendable, Codable, CaseIterable {
    /// Running text, `.txt`.
    case text = "txt"
    /// One JSON object a line, `.jsonl`.
    case jsonLines = "jsonl"
    /// Columns between TAB characters, a record a line, without any quoting.
    case tabSeparated = "tsv"
    /// RFC 4180: columns between commas; quoted ones may hold commas, quotes and line breaks.
    case commaSeparated = "csv"

    /// Whether the text is one column of a table.
    package var isTable: Bool { self == .tabSeparated || self == .commaSeparated }
  }

  /// How the bytes on the disk were compressed.
  package enum Compression: String, Sendable, Codable, CaseIterable {
    /// RFC 1952.
    case gzip = "gz"
    /// RFC 8878.
    case zstd = "zst"
  }

  /// What the uncompressed bytes are.
  package let content: Content
  /// How they are compressed; nil where they are not.
  package let compression: Compression?

  /// Recognises a name such as `corpus.jsonl.zst`; nil where it ends in no known suffix.
  package init?(fileName: String) {
    var parts = fileName.lowercased().split(separator: ".", omittingEmptySubsequences: false)[...]
    compression = parts.last.flatMap { Compression(rawValue: String($0)) }
    if compression != nil {
      parts.removeLast()
    }
    guard parts.count >= 2, let content = parts.last.flatMap({ Content(rawValue: String($0)) })
    else { return nil }
    self.content = content
  }

  /// Reads a format as it is named on the command line and in manifests, such as `txt` or `csv.gz`.
  package init?(name: String) {
    self.init(fileName: "." + name)
  }

  /// The format in one word, such as `txt` or `jsonl.zst`.
  package var name: String {
    content.rawValue + (compression.map { "." + $0.rawValue } ?? "")
  }

  /// The suffixes that are read, for messages.
  static let suffixes = ".txt, .jsonl, .tsv or .csv, each also with .gz or .zst"
}
