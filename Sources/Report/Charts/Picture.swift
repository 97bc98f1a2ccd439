import Console

/// Pieces of an SVG picture; what colours they have says the page's style sheet.
enum Picture {
  /// A coordinate, to a tenth.
  static func number(_ value: Double) -> HTML {
    let text = Format.fixed(value, 1)
    let short = text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    return "\(short == "-0" ? "0" : short)"
  }

  /// A line through places.
  static func line(_ places: [(x: Double, y: Double)]) -> HTML {
    HTML.joined(
      places.enumerated().map { "\($0 == 0 ? "M" : "L")\(number($1.x)) \(number($1.y))" })
  }

  /// Dots at places, as strokes of no length with round ends.
  static func dots(_ places: [(x: Double, y: Double)]) -> HTML {
    HTML.joined(places.map { "M\(number($0.x)) \(number($0.y))h0" })
  }

  /// A text at a place.
  static func text(
    _ text: String, x: Double, y: Double, kind: String = "tick", anchor: String = "middle"
  ) -> HTML {
    """
    <text class="\(kind)" x="\(number(x))" y="\(number(y))" text-anchor="\(anchor)">\(text)</text>
    """
  }
}

extension HTML {
  /// Pieces without anything between them.
  static func joined(_ parts: [HTML]) -> HTML {
    parts.reduce(into: HTML(stringLiteral: "")) { $0.append($1) }
  }
}
