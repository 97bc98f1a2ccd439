import Corpus
import Foundation
import TestSupport
import Testing

/// Tables: quoting, headers, columns, and lines that are none.
@Suite struct TableSourceTests {
  private let scratch: TemporaryFolder

  init() throws { scratch = try TemporaryFolder() }

  private func read(
    _ name: String, _ text: String, column: String, header: Bool = false, unitBytes: Int = 1 << 20
  ) throws -> [String] {
    let url = try scratch.write(name, text)
    return try documents(
      try #require(try TextFile.list([url]).first), column: column, header: header,
      unitBytes: unitBytes)
  }

  @Test func quotedColumnsMayHoldCommasQuotesAndLineBreaks() throws {
    let text =
      "id,body,n\r\n1,\"a, \"\"b\"\"\nc\",x\r\n2,plain \"quotes\" inside,y\r\n\r\n3,\"\",z\r\n"
      + "4,last,w"
    let expected = ["a, \"b\"|c", "plain \"quotes\" inside", "", "last"]
    for unitBytes in [1, 7, 16, 1 << 20] {
      #expect(try read("t.csv", text, column: "body", unitBytes: unitBytes) == expected)
      #expect(
        try read("t.csv", text, column: "2", header: true, unitBytes: unitBytes) == expected)
    }
    #expect(try read("t.csv", text, column: "2") == ["body"] + expected)
    #expect(try read("t.csv", text, column: "3", header: true) == ["x", "y", "z", "w"])
  }

  @Test func tabsAreAllThatPartsATSV() throws {
    let text = "id\ttext\n1\ta \"b, c\t\"\n\n2\t\"open\tx\r\n3\td\\te\n"
    let expected = ["a \"b, c", "\"open", "d\\te"]
    for unitBytes in [1, 9, 1 << 20] {
      #expect(try read("t.tsv", text, column: "text", unitBytes: unitBytes) == expected)
    }
    // The carriage return before a line feed belongs to the line's end.
    #expect(try read("t.tsv", "a\tb\r\nc\td\r\n", column: "2") == ["b", "d"])
  }

  @Test func aMissingColumnOrAnOpenQuoteIsNamedByItsLine() throws {
    func error(_ name: String, _ text: String, column: String) throws -> CorpusError {
      try #require(throws: CorpusError.self) { try read(name, text, column: column) }
    }
    guard case .badRow(_, 3, let few) = try error("t.tsv", "t\tu\n1\t2\n3\n", column: "u"),
      case .badRow(_, 4, let open) = try error(
        "t.csv", "t,u\n\"1\n2\",3\n4,\"5\n", column: "u"),
      case .badRow(_, 2, let after) = try error("t.csv", "1,2\n\"3\"x,4\n", column: "1"),
      case .noColumn(_, "text", ["t", "u \"v\""]) = try error(
        "t.csv", "t,\"u \"\"v\"\"\"\n", column: "text")
    else {
      Issue.record("an error of another kind")
      return
    }
    #expect(few.contains("1 column") && open.contains("never closed") && after.contains("column 1"))
    let url = try scratch.write("t.csv", "a,b\n")
    #expect(throws: CorpusError.self) {
      try documents(try #require(try TextFile.list([url]).first))
    }
    #expect(throws: CorpusError.self) { try TableColumn("0", hasHeader: false) }
  }
}
