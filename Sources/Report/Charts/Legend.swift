/// Names and colours of the runs, the same in every figure and table of a page.
///
/// The first eight have a colour of their own, the next eight the same in dashes; the others are grey,
/// since more colours would not be told apart.
struct Legend {
  /// Names by index, the best run first.
  let names: [String]
  /// Runs that have a colour.
  static let coloured = 16
  /// Colours.
  static let colours = 8

  /// The classes of a run's marks.
  func style(_ run: Int) -> String {
    guard run < Self.coloured else { return "other" }
    return "c\(run % Self.colours)" + (run < Self.colours ? "" : " dashed")
  }

  /// The mark of a run, as in the figures.
  func swatch(_ run: Int) -> HTML {
    """
    <svg class="swatch" viewBox="0 0 22 8" width="22" height="8" aria-hidden="true">\
    <g class="\(style(run))"><path class="line" d="M1 4H21"/></g></svg>
    """
  }

  /// The list of names with their marks.
  var list: HTML {
    guard names.count > 1 else { return "" }
    let shown: [HTML] = names.prefix(Self.coloured).enumerated().map { index, name in
      "<li class=\"key-\(index)\">\(swatch(index))\(name)</li>"
    }
    let rest: HTML =
      names.count > Self.coloured
      ? "<li>\(swatch(Self.coloured))\(names.count - Self.coloured) others</li>" : ""
    return "<ul class=\"legend\">\(shown)\(rest)</ul>"
  }

  /// Style rules by which the run under the pointer stands out in every figure.
  var highlighting: HTML {
    HTML(
      names.indices.map {
        "main:has(.key-\($0):hover) .run:not(.run-\($0)){opacity:.1}"
      })
  }
}
