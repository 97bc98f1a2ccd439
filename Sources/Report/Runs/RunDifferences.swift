/// In which settings runs differ, as columns of a table.
package struct RunDifferences: Sendable {
  /// A setting that is not the same in all runs.
  package struct Column: Sendable, Equatable {
    /// The setting, in words.
    package var title: String
    /// Its value in each run.
    package var values: [String]

    /// The value of most runs, the earliest of several.
    package var usual: String {
      let counts = Dictionary(grouping: values, by: { $0 }).mapValues(\.count)
      let most = counts.values.max()
      return values.first { counts[$0] == most } ?? ""
    }

    /// A setting and its value in each run.
    package init(title: String, values: [String]) {
      self.title = title
      self.values = values
    }
  }

  /// The settings, those that shape a student first.
  package private(set) var columns: [Column] = []

  /// Words for fields of `run.json`, in the order of the columns; others follow by their own names.
  private static let words: [(field: String, title: String)] = [
    ("source.targets", "targets"), ("model.architecture", "architecture"),
    ("model.numHiddenLayers", "layers"), ("model.hiddenSize", "width"),
    ("configuration.temperature", "T"), ("configuration.alphaCE", "KL"),
    ("configuration.alphaMLM", "MLM"), ("configuration.alphaCos", "cosine"),
    ("configuration.divergence", "divergence"), ("configuration.tail", "tail"),
    ("configuration.headK", "head"), ("configuration.rank", "rank"),
    ("configuration.learningRate", "rate"), ("configuration.batchTokens", "batch tokens"),
    ("configuration.accumulation", "accumulation"), ("configuration.epochs", "epochs"),
    ("configuration.steps", "steps"), ("configuration.seed", "seed"),
    ("configuration.precision", "precision"), ("source.cache fingerprint", "cache"),
  ]
  /// What a missing field means.
  private static let defaults = [
    "configuration.divergence": "forward", "configuration.precision": "fp32",
  ]
  /// Fields that follow from others: shown only where they tell runs apart that nothing else does.
  private static func isDerived(_ field: String) -> Bool {
    field.hasPrefix("source.") && field != "source.targets"
      || field.hasPrefix("model.")
        && !["model.architecture", "model.numHiddenLayers", "model.hiddenSize"].contains(field)
      || ["initialParameters", "totalSteps"].contains(field)
  }

  /// The differences between runs, given by their fields (`RunRecord.fields`).
  package init(_ runs: [[String: String]]) {
    let known = runs.filter { !$0.isEmpty }
    guard known.count > 1 else { return }
    let rank = Dictionary(
      Self.words.enumerated().map { ($1.field, $0) }, uniquingKeysWith: { first, _ in first })
    let names = Set(known.flatMap(\.keys)).filter {
      !$0.hasPrefix("configuration.intervals.") && $0 != "formatVersion"
    }
    .sorted { (rank[$0] ?? .max, $0) < (rank[$1] ?? .max, $1) }
    let differing = names.filter { name in Set(known.map { $0[name] }).count > 1 }
    var groups = known.map { _ in "" }
    for name in differing.filter({ !Self.isDerived($0) }) + differing.filter(Self.isDerived) {
      let refined = zip(groups, known).map { "\($0)\u{0}\($1[name] ?? "")" }
      if Self.isDerived(name), Set(refined).count == Set(groups).count { continue }
      groups = refined
      columns.append(
        Column(title: Self.title(name), values: runs.map { Self.text($0[name], field: name) }))
    }
  }

  private static func title(_ field: String) -> String {
    if let known = words.first(where: { $0.field == field }) { return known.title }
    return String(field.split(separator: ".", maxSplits: 1).last ?? "")
  }

  private static func text(_ value: String?, field: String) -> String {
    guard let value else { return defaults[field] ?? "–" }
    let isDigest = value.count == 64 && value.allSatisfy(\.isHexDigit)
    return isDigest ? String(value.prefix(8)) : value
  }
}
