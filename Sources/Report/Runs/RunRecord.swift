package import Foundation
package import StudentTrainer

/// A run as its folder tells it, finished or not.
package struct RunRecord: Sendable {
  /// Its name on the page.
  package var name: String
  /// Its folder.
  package var folder: URL
  /// What it is, field by field: dotted names and values of `run.json`.
  package var fields: [String: String]
  /// What determines it, where `run.json` is as this version writes it.
  package var identity: RunIdentity?
  /// Its metrics.
  package var metrics: MetricsLog
  /// How it ended, nil where it has not.
  package var summary: TrainingSummary?
  /// What was measured of its model.
  package var figures: ModelFigures?
  /// What is missing or damaged, in words.
  package var problems: [String]

  /// Reads a run's folder; what is missing or damaged becomes a problem of the record.
  package init(folder: URL, name: String) {
    self.name = name
    self.folder = folder
    (fields, problems) = ([:], [])
    metrics = MetricsLog(lines: Data())
    do {
      identity = try RunIdentity.read(folder: folder)
      if identity == nil { problems.append("has no run.json") }
    } catch {
      problems.append("run.json is not what this version writes")
    }
    if let data = try? Data(contentsOf: folder.appending(path: "run.json")),
      let object = try? JSONSerialization.jsonObject(with: data)
    {
      fields = DottedFields.of(object)
    }
    do {
      summary = try TrainingSummary.read(folder: folder)
      if summary == nil { problems.append("is not finished") }
    } catch {
      problems.append("finished.json is damaged")
    }
    readMetrics()
    if let summary { figures = ModelFigures(name: name, evaluation: summary.evaluation) }
  }

  private mutating func readMetrics() {
    let file = folder.appending(path: "metrics.jsonl")
    guard let data = try? Data(contentsOf: file) else {
      problems.append("has no metrics.jsonl")
      return
    }
    metrics = MetricsLog(lines: data)
    let damaged = metrics.damagedLines
    guard let first = damaged.first else { return }
    problems.append(
      damaged.count == 1
        ? "line \(first) of metrics.jsonl is damaged and left out"
        : "\(damaged.count) lines of metrics.jsonl are damaged and left out, the first is \(first)")
  }

  /// Whether soft targets are made by a teacher at every step.
  package var isOnline: Bool { fields["source.targets"] == "online teacher" }

  /// The folders of runs that a path means: itself, or all runs in it.
  ///
  /// - Returns: In the order of their names; empty where there is none.
  package static func folders(in url: URL) -> [URL] {
    if isRun(url) { return [url] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return names.sorted { $0.compare($1, options: .numeric) == .orderedAscending }
      .map { url.appending(path: $0) }.filter(isRun)
  }

  private static func isRun(_ url: URL) -> Bool {
    ["run.json", "metrics.jsonl"].contains {
      FileManager.default.fileExists(atPath: url.appending(path: $0).path)
    }
  }
}
