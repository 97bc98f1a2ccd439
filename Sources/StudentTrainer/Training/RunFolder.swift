import Foundation
import ShardStore

/// The files of a run: `run.json`, `run.yaml`, `metrics.jsonl`, `tensorboard/`, `checkpoints/`,
/// `finished.json`.
struct RunFolder {
  /// The run's folder.
  let url: URL

  /// The checkpoints.
  var checkpoints: CheckpointStore {
    CheckpointStore(folder: url.appending(path: "checkpoints", directoryHint: .isDirectory))
  }
  /// The metrics file.
  var metrics: URL { url.appending(path: "metrics.jsonl") }
  /// TensorBoard's event file; it goes by the part `tfevents` of a name.
  var events: URL { url.appending(path: "tensorboard/events.out.tfevents.decant") }
  /// What a step that diverged was about.
  private var divergenceFile: URL { url.appending(path: "diverged.json") }
  private var optionsFile: URL { url.appending(path: "run.yaml") }
  private var identityFile: URL { url.appending(path: "run.json") }
  private var summaryFile: URL { url.appending(path: "finished.json") }

  /// Creates the folder where it is missing and keeps other processes out of it.
  ///
  /// - Returns: the lock, which holds as long as it lives.
  /// - Throws: `StudentTrainerError.inUse`, `.unwritable`; `ShardStoreError` for a full disk.
  func createAndLock() throws -> FolderLock {
    do {
      try FileManager.default.createDirectory(
        at: checkpoints.folder, withIntermediateDirectories: true)
    } catch {
      throw StudentTrainerError.unwritable(file: url.path, reason: error.localizedDescription)
    }
    do {
      return try FolderLock(folder: url)
    } catch ShardStoreError.locked {
      throw StudentTrainerError.inUse(folder: url.path)
    }
  }

  /// Records the run, or compares it with what is there.
  ///
  /// - Parameters:
  ///   - identity: What determines the run's result.
  ///   - options: The text of `run.yaml`, where there is one to write; a finished run keeps its own.
  /// - Throws: `StudentTrainerError.differentRun` with every difference, `.unreadable`, or what
  ///   writing throws.
  func claim(_ identity: RunIdentity, options: String? = nil) throws {
    if let existing = try self.identity() {
      let differences = try identity.differences(from: existing)
      guard differences.isEmpty else {
        throw StudentTrainerError.differentRun(folder: url.path, differences: differences)
      }
    } else if !checkpoints.list().isEmpty || FileManager.default.fileExists(atPath: metrics.path) {
      throw StudentTrainerError.differentRun(
        folder: url.path, differences: ["it has checkpoints or metrics but no run.json"])
    }
    // Before the identity, so that a run that is there can be gone on with.
    if let options, try summary() == nil {
      try AtomicFile.write(Data(options.utf8), to: optionsFile)
    }
    try write(identity, to: identityFile)
    try? FileManager.default.removeItem(at: divergenceFile)
  }

  /// Keeps all of what an error about a diverged step can only begin to list, where that can be
  /// written.
  func keep(_ step: DivergedStep) { try? write(step, to: divergenceFile) }

  /// The summary of a run that has ended, or nil.
  func summary() throws -> TrainingSummary? { try read(summaryFile) }

  /// What the folder's run is, or nil where there is none.
  func identity() throws -> RunIdentity? { try read(identityFile) }

  /// Records that the run has ended.
  func finish(_ summary: TrainingSummary) throws { try write(summary, to: summaryFile) }

  private func read<Value: Decodable>(_ file: URL) throws -> Value? {
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(contentsOf: file))
    } catch {
      throw StudentTrainerError.unreadable(
        file: file.path, reason: "it is not the JSON that a run writes; remove the run's folder")
    }
  }

  private func write(_ value: some Encodable, to file: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(encoder.encode(value), to: file)
  }
}
