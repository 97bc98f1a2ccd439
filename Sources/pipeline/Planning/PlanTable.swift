import Console

/// A plan for the terminal.
struct PlanTable {
  let plan: CachePlan

  /// The figures that all targets share, and the table.
  var text: String {
    var table = TextTable([
      "target", "bytes/position", "in all", "angle T=1", "angle T=2", "reading", "pays from",
    ])
    for entry in plan.entries {
      let mark = entry.target == plan.recommended ? " *" : ""
      table.add([
        entry.target + mark, Format.fixed(entry.bytesPerPosition, 1),
        Format.bytes(entry.totalBytes), "\(Format.fixed(entry.angleAt1, 2))°",
        "\(Format.fixed(entry.angleAt2, 2))°", Format.duration(entry.readingSeconds),
        entry.breakEvenExperiments.map { "experiment \($0)" } ?? "never",
      ])
    }
    return """
      teacher: \(Format.count(Int(plan.teacherTokensPerSecond))) tokens/s; the pass takes about \
      \(Format.duration(plan.teacherSeconds)) for \(Format.count(plan.positions)) positions in \
      \(Format.count(plan.replicas, "replica"))
      experiments of \(Format.count(plan.epochs, "epoch")); angles of the gradient from \(plan.auditedRows) rows of \
      a sample

      \(table.text)
      """
  }
}
