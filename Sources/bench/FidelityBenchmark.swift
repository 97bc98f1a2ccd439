import Console
import Corpus
import Foundation
import LogitCache
import StudentTrainer
import TeacherCaching
import Tokenizer
import Transformer

/// Bytes and fidelity of each kind of target, of a teacher with real weights on real text.
///
/// As section 4 of the design does it: masked positions of WikiText-2 (valid), gradients of the
/// teacher without its last layer, all audited rows as one vector. What other programs keep is measured
/// on the same rows.
struct FidelityBenchmark {
  let teacher: URL
  let text: URL
  /// Share of the predicted tokens that the input keeps as they are; BERT: 0.1.
  let keptShare: Double
  /// Whether to measure the tail's mass at many temperatures too, which takes minutes.
  let wantsTails: Bool
  let scratch: ScratchFolder

  /// Rows that keep their full logits.
  private static let auditRows = 560

  /// A target with what it has to reach: bytes a position, and angles at T = 1 and 2.
  private static let targets: [(TargetSpecification, bytes: Double, angles: [Double])] = [
    (TargetSpecification(headK: 16, tail: .lowrank, rank: 64), 80, [2.5, 4.0]),
    (TargetSpecification(headK: 16, tail: .lowrank, rank: 96), 104, [1.8, 3.0]),
    (TargetSpecification(headK: 8, tail: .lowrank, rank: 32), 45, [6.5, 7.5]),
    (TargetSpecification(headK: 64, tail: .scalars), 125, [2.3, 5.8]),
    (TargetSpecification(headK: 0, tail: .hidden), 388, [0.6, 0.6]),
  ]

  /// Measures all targets and prints a table.
  func run() throws {
    let corpus = try corpus()
    var masks = MaskSpecification(corpus: corpus.manifest, seed: 1)
    masks.maskShare = 1 - masks.randomShare - keptShare
    var table = TextTable([
      "target", "T", "bytes", "to reach", "angle", "±", "to reach", "norm", "KL",
    ])
    var peers: FidelityMeasurement?
    for (target, bytes, angles) in Self.targets {
      let folder = scratch.fresh("cache")
      _ = try CacheMaker(
        teacher: try MaskedLanguageModel.load(folder: teacher), corpus: corpus, masks: masks
      ).fill(folder, target: target, states: .none, auditRows: Self.auditRows)
      let reader = try CacheReader(folder: folder)
      let depth = try ConfigurationFile.read(folder: teacher).numHiddenLayers
      let student = try MaskedLanguageModel.load(folder: teacher, layers: depth - 1)
      let rows = try AuditedRows(reader, limit: Self.auditRows, student: student)
      let measurement = FidelityMeasurement(reader, rows: rows)
      let report = try measurement.report(variants: [FidelityVariant()], temperatures: [1, 2])
      for (entry, angle) in zip(report.entries, angles) {
        table.add(Self.row(entry, bytes: bytes, angle: angle))
      }
      let angles = report.entries.map { "\(Format.fixed($0.gradientAngle, 2))°" }
      Terminal.note(
        "\(report.entries.first?.variant ?? ""): \(report.rows) rows, "
          + angles.joined(separator: ", "))
      if wantsTails, target.tail != .hidden { try noteTails(measurement) }
      // The rows and their logits are the same in all caches.
      peers = measurement
      try FileManager.default.removeItem(at: folder)
    }
    for peer in FidelityPeer.allCases {
      for temperature in [1.0, 2] {
        if let entry = peers?.entry(of: peer, temperature: temperature) {
          table.add(Self.row(entry, bytes: nil, angle: nil))
        }
      }
    }
    Terminal.output(table.text)
  }

  private static func row(
    _ entry: FidelityReport.Entry, bytes: Double?, angle: Double?
  ) -> [String] {
    [
      entry.variant, Format.fixed(entry.temperature, 0), Format.fixed(entry.totalBytes, 1),
      bytes.map { Format.fixed($0, 0) } ?? "", "\(Format.fixed(entry.gradientAngle, 2))°",
      Format.fixed(entry.gradientAngleError, 2), angle.map { "\(Format.fixed($0, 1))°" } ?? "",
      Format.fixed(entry.gradientNormRatio, 3),
      entry.divergence.map { Format.fixed($0, $0 < 0.001 ? 6 : 4) } ?? "",
    ]
  }

  /// How far the tail's mass is off, from T = 1 to 8 in quarters.
  private func noteTails(_ measurement: FidelityMeasurement) throws {
    let temperatures = stride(from: 1, through: 8, by: 0.25).map { $0 }
    let report = try measurement.report(
      variants: [FidelityVariant(tail: .uniform)], temperatures: temperatures)
    func most(_ value: (FidelityReport.Entry) -> Double?) -> String {
      let worst = report.entries.max { value($0) ?? 0 < value($1) ?? 0 }
      return Format.fixed(worst.flatMap(value) ?? 0, 5)
        + " at T = \(Format.fixed(worst?.temperature ?? 0, 2))"
    }
    Terminal.note(
      "tail mass, T = 1 to 8: off on average by at most \(most { $0.tailMassError }), at worst by "
        + most { $0.worstTailMassError })
  }

  private func corpus() throws -> TokenizedCorpus {
    let folder = scratch.fresh("corpus")
    _ = try CorpusBuilder(
      tokenizer: WordPieceTokenizer.load(folder: teacher),
      options: CorpusOptions(
        documentUnit: .file, replacements: [TextReplacement(from: "<unk>", to: "[UNK]")])
    ).build(inputs: [text], into: folder)
    return try TokenizedCorpus.open(folder: folder)
  }
}
