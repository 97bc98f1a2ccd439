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
/// teacher without its last layer, all audited rows as one vector.
struct FidelityBenchmark {
  let teacher: URL
  let text: URL
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
    let masks = MaskSpecification(corpus: corpus.manifest, seed: 1)
    var table = TextTable(["target", "T", "bytes", "to reach", "angle", "to reach", "norm", "KL"])
    for (target, bytes, angles) in Self.targets {
      let folder = scratch.fresh("cache")
      _ = try CacheMaker(
        teacher: try MaskedLanguageModel.load(folder: teacher), corpus: corpus, masks: masks
      ).fill(folder, target: target, states: .none, auditRows: Self.auditRows)
      let reader = try CacheReader(folder: folder)
      let depth = try ConfigurationFile.read(folder: teacher).numHiddenLayers
      let student = try MaskedLanguageModel.load(folder: teacher, layers: depth - 1)
      let rows = try AuditedRows(reader, limit: Self.auditRows, student: student)
      let report = try FidelityMeasurement(reader, rows: rows).report(
        variants: [FidelityVariant()], temperatures: [1, 2])
      for (entry, angle) in zip(report.entries, angles) {
        table.add([
          entry.variant, Format.fixed(entry.temperature, 0), Format.fixed(entry.totalBytes, 1),
          Format.fixed(bytes, 0), "\(Format.fixed(entry.gradientAngle, 2))°",
          "\(Format.fixed(angle, 1))°", Format.fixed(entry.gradientNormRatio, 3),
          entry.divergence.map { Format.fixed($0, $0 < 0.001 ? 6 : 4) } ?? "",
        ])
      }
      Terminal.note("\(report.entries.first?.variant ?? ""): \(report.rows) rows")
      try FileManager.default.removeItem(at: folder)
    }
    Terminal.output(table.text)
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
