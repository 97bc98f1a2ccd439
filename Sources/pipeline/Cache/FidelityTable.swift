import Console
import StudentTrainer

/// The figures of a fidelity report, one line a way of reading and temperature.
struct FidelityTable {
  private let report: FidelityReport

  init(_ report: FidelityReport) { self.report = report }

  var text: String {
    var table = TextTable([
      "read", "T", "bytes", "angle", "norm", "KL", "head mass", "tail error", "worst", "shift",
    ])
    for entry in report.entries {
      table.add([
        entry.variant, Format.fixed(entry.temperature, 1), Format.fixed(entry.totalBytes, 1),
        "\(Format.fixed(entry.gradientAngle, 2))°", Format.fixed(entry.gradientNormRatio, 3),
        number(entry.divergence), number(entry.retainedMass), number(entry.tailMassError),
        number(entry.worstTailMassError), number(entry.calibrationShift),
      ])
    }
    return table.text
  }

  private func number(_ value: Double?) -> String {
    guard let value else { return "" }
    return Format.fixed(value, value < 0.001 ? 6 : 4)
  }
}
