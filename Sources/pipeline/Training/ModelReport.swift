import Console
import Foundation
import Kernels
import StudentTrainer
import Transformer

/// What `evaluate` says of one model.
struct ModelReport: Encodable {
  /// The folder as it was named at the command line.
  let name: String
  /// Values in all tensors, tied ones once.
  let parameters: Int
  /// Bytes of the safetensors files.
  let diskBytes: Int
  /// Latency of one sequence.
  let latency: LatencyMeasurement
  /// Held-out loss and accuracy.
  let heldOut: EvaluationResult
  /// Seconds that its training took, where the folder is a finished run's.
  let trainingSeconds: Double?
  /// Fingerprints of the caches whose soft targets it was trained on.
  let softTargets: [String]

  init(folder: URL, name: String, evaluator: Evaluator, precision: Precision) throws {
    self.name = name
    let model = try MaskedLanguageModel.load(folder: folder)
    model.precision = precision
    parameters = model.layout.count
    diskBytes = try Checkpoint(folder: folder).diskBytes
    heldOut = try evaluator.evaluate(model)
    latency = LatencyMeasurement.measure(model)
    trainingSeconds = try TrainingSummary.read(folder: folder)?.seconds
    softTargets = try RunIdentity.read(folder: folder)?.cacheFingerprints ?? []
  }

  /// All reports side by side.
  static func table(_ reports: [ModelReport]) -> String {
    var table = TextTable([
      "model", "parameters", "on disk", "latency", "held-out loss", "accuracy",
    ])
    for report in reports {
      table.add([
        report.name, Format.count(report.parameters), Format.bytes(report.diskBytes),
        "\(Format.fixed(report.latency.medianMilliseconds, 2)) ms",
        Format.fixed(report.heldOut.loss, 4), Format.percent(report.heldOut.accuracy),
      ])
    }
    return table.text
  }
}

extension Checkpoint {
  /// Bytes of the safetensors files.
  var diskBytes: Int {
    files.reduce(0) { total, file in
      total + ((try? FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int) ?? 0)
    }
  }
}
