/// Which rows of a batch have a soft target and states, where not all that are kept do.
///
/// The share with the highest entropy of the teacher is taken within each batch: a batch then costs
/// the same every time, depends on nothing but itself, so that a run resumes and a cache that is still
/// being filled serves it, and needs no threshold that another temperature or teacher would move.
package struct RowChoice {
  /// Tokens of the batch that the head is needed at, ascending.
  package private(set) var rows: [Int32] = []
  /// The original ID at each, or -1.
  package private(set) var labels: [Int32] = []
  /// Index of each one's soft target, or -1.
  package private(set) var softIndexes: [Int32] = []
  /// The offered rows that have targets and states, by their index.
  package private(set) var chosen: [Int] = []

  /// Chooses.
  ///
  /// - Parameters:
  ///   - rows: Tokens that are offered, ascending.
  ///   - labels: The original ID at each, or -1.
  ///   - isChosen: Which of them have targets and states; nil for all. Labels stay everywhere.
  ///   - configuration: Says which losses have a weight.
  package init(
    rows: [Int32], labels: [Int32], isChosen: [Bool]?, configuration: TrainingConfiguration
  ) {
    let wantsSoft = configuration.alphaCE > 0
    guard let isChosen else {
      self.rows = rows
      self.labels = labels
      softIndexes = rows.indices.map { wantsSoft ? Int32($0) : -1 }
      chosen = Array(rows.indices)
      return
    }
    for index in rows.indices {
      if isChosen[index] { chosen.append(index) }
      let hasLabel = labels[index] >= 0 && configuration.alphaMLM > 0
      guard hasLabel || (isChosen[index] && wantsSoft) else { continue }
      self.rows.append(rows[index])
      self.labels.append(labels[index])
      softIndexes.append(isChosen[index] && wantsSoft ? Int32(chosen.count - 1) : -1)
    }
  }

  /// The share of the highest entropies, at least one; of equal ones the first.
  ///
  /// - Parameters:
  ///   - share: Above 0, at most 1.
  ///   - entropies: One a row.
  /// - Returns: Which rows are among them.
  package static func top(_ share: Double, of entropies: [Float]) -> [Bool] {
    let count = min(entropies.count, Int((share * Double(entropies.count)).rounded(.up)))
    let order = entropies.indices.sorted { (entropies[$1], $0) < (entropies[$0], $1) }
    var isChosen = [Bool](repeating: false, count: entropies.count)
    for row in order.prefix(count) { isChosen[row] = true }
    return isChosen
  }
}
