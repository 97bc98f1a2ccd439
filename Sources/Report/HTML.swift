/// A piece of a page; text that is put into it is escaped, so that nothing from a file becomes markup.
///
///     let cell: HTML = "<td>\(name)</td>"    // name "a<b" gives <td>a&lt;b</td>
///
/// In place of a library of templates: what a page needs of one is escaping, loops and conditions. The
/// last two are the language's own, and here the compiler tells markup from text.
package struct HTML: ExpressibleByStringInterpolation, Sendable, Equatable {
  /// The markup.
  package private(set) var text: String

  /// Markup as it is written in the source.
  package init(stringLiteral value: String) { text = value }

  /// Markup with values in it.
  package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

  /// Pieces, one after the other.
  package init(_ parts: [HTML]) { text = parts.map(\.text).joined(separator: "\n") }

  /// Adds a piece.
  package mutating func append(_ other: HTML) { text += other.text }

  /// Text with `&`, `<`, `>` and both quotes escaped, and without control characters, which a page
  /// cannot hold.
  package static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// What is collected between literals.
  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    /// Room for a literal.
    package init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + 16 * interpolationCount)
    }

    /// Markup of the source.
    package mutating func appendLiteral(_ literal: String) { text += literal }

    /// Text, escaped.
    package mutating func appendInterpolation(_ value: String) { text += HTML.escape(value) }

    /// A number.
    package mutating func appendInterpolation(_ value: Int) { text += "\(value)" }

    /// Markup.
    package mutating func appendInterpolation(_ value: HTML) { text += value.text }

    /// Pieces of markup, one after the other.
    package mutating func appendInterpolation(_ values: [HTML]) {
      text += values.map(\.text).joined(separator: "\n")
    }
  }
}
