package import Transformer
import Crypto
package import Foundation
import ShardStore

/// What determines a run's result; kept in `run.json`, so that only the same run resumes.
package struct RunIdentity: Codable, Equatable, Sendable {
  /// Version of the run folder's layout.
  package var formatVersion = 1
  /// The resolved configuration.
  package var configuration: TrainingConfiguration
  /// The student's shape.
  package var model: EncoderConfiguration
  /// SHA-256 of the parameters that the run starts from.
  package var initialParameters: String
  /// What the source says determines its batches.
  package var source: [String: String]
  /// Optimiser steps of the whole run.
  package var totalSteps: Int

  /// What a folder's run was, or nil where the folder is no run's.
  ///
  /// - Throws: `StudentTrainerError.unreadable` where the file is damaged.
  package static func read(folder: URL) throws -> RunIdentity? {
    try RunFolder(url: folder).identity()
  }

  /// Fingerprints of the caches whose soft targets or states it trains on.
  package var cacheFingerprints: [String] {
    let usesTeacher =
      configuration.alphaCE + configuration.alphaCos > 0 || configuration.hidden != nil
    guard usesTeacher else { return [] }
    return source.filter { $0.key.hasPrefix("cache ") && $0.key.hasSuffix("fingerprint") }
      .sorted { $0.key < $1.key }.map(\.value)
  }

  /// The SHA-256 of all that changes the result (so not of `intervals`).
  func digest() throws -> String {
    let text = try fields().map { "\($0.key)=\($0.value)" }.sorted().joined(separator: "\n")
    return Hexadecimal.text(SHA256.hash(data: Data(text.utf8)))
  }

  /// Names and values that differ, `name: this, there other`.
  func differences(from other: RunIdentity) throws -> [String] {
    let (mine, theirs) = (try fields(), try other.fields())
    return Set(mine.keys).union(theirs.keys).sorted().compactMap { key in
      let (left, right) = (mine[key] ?? "none", theirs[key] ?? "none")
      return left == right ? nil : "\(key) is \(right) there, \(left) now"
    }
  }

  /// Every value that matters by its dotted name.
  private func fields() throws -> [String: String] {
    var copy = self
    copy.configuration.intervals = TrainingConfiguration.Intervals()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let object = try JSONSerialization.jsonObject(with: encoder.encode(copy))
    return DottedFields.of(object)
  }
}
