import Foundation

/// What a run writes of its steps: lines of `metrics.jsonl`, and the same numbers for TensorBoard. One
/// owner, one thread.
final class RunRecords {
  private let metrics: GrowingFile
  private let events: EventFile
  private let encoder: JSONEncoder

  /// Opens both and cuts them to what the state knows of.
  ///
  /// - Throws: `StudentTrainerError.unwritable`, `.unreadable`.
  init(folder: RunFolder, state: CheckpointState) throws {
    metrics = try GrowingFile(
      url: folder.metrics, length: state.metricsBytes, shorter: .isRefused)
    events = try EventFile(url: folder.events, length: state.eventBytes ?? 0)
    encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  /// Adds one line, and an event with its numbers.
  ///
  /// - Throws: `StudentTrainerError.unwritable`.
  func append(_ line: some Encodable) throws {
    let data = try encoder.encode(line)
    try metrics.append(data + [UInt8(ascii: "\n")])
    let fields = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    var scalars: [(tag: String, value: Double)] = []
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) where key != "step" {
      guard let number = value as? NSNumber else { continue }
      scalars.append((Self.tag(key), number.doubleValue))
    }
    try events.append(scalars, step: (fields["step"] as? NSNumber)?.intValue ?? 0)
  }

  /// Forces both to the disk and notes how long they are.
  ///
  /// - Throws: `StudentTrainerError.unwritable`.
  func synchronize(into state: inout CheckpointState) throws {
    state.metricsBytes = try metrics.synchronize()
    state.eventBytes = try events.synchronize()
  }

  /// `eval_loss` is `eval/loss`, everything else is `train/…`.
  private static func tag(_ key: String) -> String {
    key.hasPrefix("eval_") ? "eval/\(key.dropFirst("eval_".count))" : "train/\(key)"
  }
}
