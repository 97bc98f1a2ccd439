import ArgumentParser
import Corpus

/// What is read, and what counts as a document.
struct TextOptions: ParsableArguments {
  /// What happens at a line that cannot be used.
  enum BadLines: String, ExpressibleByArgument, CaseIterable {
    case skip, stop
  }

  @Option(
    help: ArgumentHelp(
      "What a document of a .txt file is: line, paragraph (parted by blank lines) or file."))
  var documents = DocumentUnit.line

  @Option(
    help: ArgumentHelp(
      """
      Where the text of a .jsonl record is: a field, or a path such as page.text or turns.0.text \
      (\\. is a dot in a name).
      """, valueName: "path"))
  var field = "text"

  @Option(
    help: ArgumentHelp(
      """
      The column of .tsv and .csv files that holds the text: its name in the header, or its number \
      from 1. A .csv file may quote columns (RFC 4180); a .tsv file is parted at TABs only.
      """, valueName: "name|number"))
  var column: String?

  @Flag(help: "With a column number: the first record of each file is a header, not text.")
  var header = false

  @Option(
    help: ArgumentHelp(
      """
      The format of standard input, and of named files whose suffix does not tell: txt, jsonl, tsv \
      or csv, with .gz or .zst where it is compressed.
      """, valueName: "format"))
  var inputFormat: String?

  @Option(
    help: ArgumentHelp(
      """
      At a line that cannot be used (bad JSON, a missing field or column, with --strict bad UTF-8): \
      stop, or skip it and count it.
      """, valueName: "skip|stop"))
  var badLines = BadLines.stop

  @Flag(help: "Take a byte that is not UTF-8 for an error, instead of repairing and counting.")
  var strict = false

  @Option(
    help: ArgumentHelp(
      "Replace a text before tokenizing, such as '<unk>=[UNK]'; may be repeated.",
      valueName: "from=to"))
  var replace: [String] = []

  func validate() throws {
    _ = try format()
    _ = try replacements()
  }

  /// The format that was named, if one was.
  func format() throws -> TextFormat? {
    try inputFormat.map {
      guard let format = TextFormat(name: $0) else {
        throw ValidationError(
          "--input-format '\($0)' is not txt, jsonl, tsv or csv, with .gz or .zst")
      }
      return format
    }
  }

  /// The replacements, in their order.
  func replacements() throws -> [TextReplacement] {
    try replace.map { text -> TextReplacement in
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw ValidationError("--replace '\(text)' is not of the form from=to")
      }
      return TextReplacement(
        from: String(text[..<equals]), to: String(text[text.index(after: equals)...]))
    }
  }
}

extension DocumentUnit: ExpressibleByArgument {}
