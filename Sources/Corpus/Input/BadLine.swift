/// A line of an input that cannot be used, found in a unit of its file.
struct BadLine: Sendable, Equatable {
  /// What is wrong.
  enum Problem: Sendable, Equatable {
    case json(reason: String)
    case field(name: String, reason: String)
    case row(reason: String)
    case utf8
  }

  /// The line's number in the unit, from 0.
  let line: Int
  /// Offset in the unit of the first bad byte.
  let byteOffset: Int
  /// What is wrong.
  let problem: Problem

  /// The error, with the line's number in the file: `linesBefore` line feeds and `unitOffset` bytes
  /// come before the unit.
  func error(file: TextFile, linesBefore: Int, unitOffset: Int) -> CorpusError {
    let number = linesBefore + line + 1
    switch problem {
    case .json(let reason):
      return .badJSON(file: file.path, line: number, reason: reason)
    case .field(let name, let reason):
      return .badField(file: file.path, line: number, field: name, reason: reason)
    case .row(let reason):
      return .badRow(file: file.path, line: number, reason: reason)
    case .utf8:
      return .invalidUTF8(file: file.path, line: number, byteOffset: unitOffset + byteOffset)
    }
  }
}
