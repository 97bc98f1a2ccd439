package import Foundation

/// One input of text, and how to read it.
package struct TextFile: Sendable, Equatable {
  /// Where the file is.
  package let url: URL
  /// Its name in manifests: the last path component, or the path below the input folder.
  package let name: String
  /// How its bytes are read.
  package let kind: TextFormat
  /// Size on disk when it was listed; 0 for standard input.
  package let bytes: Int
  /// Whether it is standard input.
  package let isStandardInput: Bool

  /// What the uncompressed bytes are.
  package var format: TextFormat.Content { kind.content }
  /// Whether the bytes are a gzip file.
  package var isGzip: Bool { kind.compression == .gzip }

  /// How the file is read, in one word, such as `txt` or `jsonl.gz`.
  var formatName: String { kind.name }

  /// The path as the user knows it, for messages.
  var path: String { isStandardInput ? name : url.path }

  /// Names a file.
  init(url: URL, name: String, kind: TextFormat, bytes: Int) {
    self.url = url
    self.name = name
    self.kind = kind
    self.bytes = bytes
    isStandardInput = false
  }

  /// Standard input, in a format that it cannot tell itself.
  package init(standardInput kind: TextFormat) {
    url = URL(filePath: "/dev/stdin")
    name = "standard input"
    self.kind = kind
    bytes = 0
    isStandardInput = true
  }
}
