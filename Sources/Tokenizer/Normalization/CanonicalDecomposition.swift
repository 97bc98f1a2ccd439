/// Canonical decomposition (NFD) with the alignment that the reference gives it.
enum CanonicalDecomposition {
  /// Decomposes a text and puts combining marks into canonical order.
  ///
  /// Alignment follows the reference: the first code point of each decomposition takes the next
  /// source place, the others share the last one taken. So places stay ascending even where marks
  /// change places, and a mark may carry the place of the mark that it passed.
  static func decompose(_ text: NormalizedText) -> NormalizedText {
    let tables = UnicodeTables.shared
    var decomposed: [Element] = []
    decomposed.reserveCapacity(text.count)
    var markRunStart = 0
    func sortMarkRun() {
      // Almost every run is of one mark or already in order.
      guard decomposed.count - markRunStart > 1 else { return }
      sortStably(&decomposed, from: markRunStart)
    }
    for scalar in text.scalars {
      var isFirst = true
      tables.forEachDecomposed(scalar) { part in
        let combiningClass = tables.properties(of: part).combiningClass
        if combiningClass == 0 { sortMarkRun() }
        decomposed.append(
          Element(scalar: part, combiningClass: combiningClass, takesNextPlace: isFirst))
        if combiningClass == 0 { markRunStart = decomposed.count }
        isFirst = false
      }
    }
    sortMarkRun()

    var result = NormalizedText()
    var place = -1
    for element in decomposed {
      if element.takesNextPlace { place += 1 }
      result.append(element.scalar, start: text.starts[place], end: text.ends[place])
    }
    return result
  }

  private struct Element {
    let scalar: UInt32
    let combiningClass: UInt8
    let takesNextPlace: Bool
  }

  /// Sorts the last elements by combining class, equal ones staying in order.
  private static func sortStably(_ elements: inout [Element], from start: Int) {
    let run = elements[start...]
    if zip(run, run.dropFirst()).allSatisfy({ $0.combiningClass <= $1.combiningClass }) { return }
    // By class and then by place: a run of hostile length stays O(n log n).
    let order = run.indices.sorted {
      (elements[$0].combiningClass, $0) < (elements[$1].combiningClass, $1)
    }
    elements.replaceSubrange(start..., with: order.map { elements[$0] })
  }
}
