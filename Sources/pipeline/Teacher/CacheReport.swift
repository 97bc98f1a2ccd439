import Console
import Foundation
import LogitCache

/// What a cache holds and what it cost, for people.
struct CacheReport {
  private let reader: CacheReader

  init(folder: URL) throws {
    reader = try CacheReader(folder: folder)
  }

  /// Size by stream, the teacher's time, and what each experiment on the cache took.
  func lines(students: [ModelReport] = []) throws -> [String] {
    let target = reader.specification.target
    let perRow = try reader.bytesPerRow()
    let targets = perRow.filter { $0.key.hasPrefix("head.") || $0.key.hasPrefix("tail.") }
    let states = perRow.filter { $0.key.hasPrefix("states") }
    let bytes = try CacheInventory(folder: reader.folder, readsShards: false).bytes
    func sum(_ streams: [String: Double]) -> String {
      Format.fixed(streams.values.reduce(0, +), 1)
    }
    func list(_ streams: [String: Double]) -> String {
      streams.sorted { $0.key < $1.key }
        .map { "\($0.key) \(Format.fixed($0.value, 1))" }.joined(separator: ", ")
    }
    var lines = [
      "cache: \(Format.count(reader.rowCount)) positions, \(Format.bytes(bytes)), "
        + "head \(target.headK) with tail \(target.tail.rawValue)",
      "  soft targets \(sum(targets)) bytes a position (\(list(targets)))",
    ]
    if !states.isEmpty {
      let layers = reader.specification.stateLayers.map {
        " of layers " + $0.map { "\($0)" }.joined(separator: ",")
      }
      lines.append(
        "  hidden states\(layers ?? " for the cosine loss") \(sum(states)) bytes a position")
    }
    lines.append("the teacher ran once, \(Format.duration(reader.teacherSeconds))")
    let experiments = students.compactMap { student -> String? in
      guard let seconds = student.trainingSeconds,
        student.softTargets.contains(reader.manifest.fingerprint)
      else { return nil }
      return "\(student.name) \(Format.duration(seconds))"
    }
    if !experiments.isEmpty {
      lines.append("experiments on its cache, without it: " + experiments.joined(separator: ", "))
    }
    return lines
  }
}
