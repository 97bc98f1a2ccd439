import Foundation

/// What `evaluate --json` says of a model.
struct ModelFigures: Decodable {
  struct HeldOut: Decodable {
    let loss: Double
    let accuracy: Double
    let positions: Int
  }

  let name: String
  let parameters: Int
  let diskBytes: Int
  let heldOut: HeldOut
}

/// Figures of models and runs, as the program gives them.
enum Evaluation {
  /// Runs `evaluate --json`.
  static func reports(of models: [String], corpus: String) throws -> [ModelFigures] {
    let outcome = try Pipeline.succeed(
      ["evaluate"] + models + ["--corpus", corpus, "--json", "--threads", "1"])
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode([ModelFigures].self, from: Data(outcome.output.utf8))
  }

  /// The numbers of the complete lines of a run's `metrics.jsonl`.
  static func metrics(_ run: String) throws -> [[String: Double]] {
    let text = try String(contentsOf: URL(filePath: "\(run)/metrics.jsonl"), encoding: .utf8)
    return try text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
      let object = try JSONSerialization.jsonObject(with: Data($0.utf8))
      return (object as? [String: NSNumber] ?? [:]).mapValues(\.doubleValue)
    }
  }

  /// The lines of a run's `metrics.jsonl`, sorted keys, without the fields that are times.
  static func metricsWithoutTimes(_ run: String) throws -> [String] {
    let text = try String(contentsOf: URL(filePath: "\(run)/metrics.jsonl"), encoding: .utf8)
    return try text.split(separator: "\n").map { line in
      var fields =
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
      for name in ["tokens_per_second", "data_wait_share"] { fields[name] = nil }
      let data = try JSONSerialization.data(withJSONObject: fields, options: .sortedKeys)
      return String(decoding: data, as: UTF8.self)
    }
  }
}
