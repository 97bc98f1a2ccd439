import Foundation
import Kernels
import ShardStore
import Transformer

/// Writes, finds and reads the checkpoints of a run: `checkpoints/step-NNNNNNN/`.
///
/// A checkpoint appears under its name only when every byte of it is on the disk.
struct CheckpointStore {
  private static let parametersFile = "parameters.safetensors"
  private static let optimizerFile = "optimizer.safetensors"
  private static let stateFile = "state.json"

  /// The folder `checkpoints`.
  let folder: URL

  /// The checkpoints that are complete, oldest first.
  func list() -> [URL] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasPrefix("step-") }.sorted().map {
      folder.appending(path: $0, directoryHint: .isDirectory)
    }
  }

  /// A second name of the best checkpoint, for people.
  private var bestLink: URL { folder.appending(path: "best", directoryHint: .notDirectory) }

  /// The checkpoint of a step.
  func checkpoint(step: Int) -> URL {
    let digits = String(step)
    let name = "step-" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    return folder.appending(path: name, directoryHint: .isDirectory)
  }

  /// Saves a checkpoint and removes the oldest beyond `kept`, but never the one of the best evaluation.
  ///
  /// - Returns: The checkpoint's folder.
  /// - Throws: `StudentTrainerError.unwritable`, or what the tensor writer throws.
  func save(
    _ state: CheckpointState, model: MaskedLanguageModel, optimizer: AdamW, kept: Int
  ) throws -> URL {
    let target = checkpoint(step: state.step)
    let partial = folder.appending(
      path: ".partial-\(target.lastPathComponent)", directoryHint: .isDirectory)
    let manager = FileManager.default
    do {
      try? manager.removeItem(at: partial)
      try manager.createDirectory(at: partial, withIntermediateDirectories: true)
      var state = state
      try write(model, optimizer, into: partial)
      for file in [Self.parametersFile, Self.optimizerFile] {
        state.files[file] = try ParameterDigest.text(ofFile: partial.appending(path: file))
      }
      try AtomicFile.write(try state.encoded(), to: partial.appending(path: Self.stateFile))
      if manager.fileExists(atPath: target.path) { try manager.removeItem(at: target) }
      try AtomicFile.commit(partial, as: target)
    } catch {
      // On a full disk what was begun is of no use, and its space is.
      try? manager.removeItem(at: partial)
      if error is TransformerError || error is ShardStoreError { throw error }
      throw StudentTrainerError.unwritable(file: target.path, reason: error.localizedDescription)
    }
    let best = state.best.map { checkpoint(step: $0.step) }
    if let best { link(best) }
    for old in list().dropLast(max(1, kept))
    where old.lastPathComponent != best?.lastPathComponent { remove(old) }
    return target
  }

  /// Gives the best checkpoint its second name at once, where the file system has such names.
  private func link(_ best: URL) {
    let name = best.lastPathComponent
    if (try? FileManager.default.destinationOfSymbolicLink(atPath: bestLink.path)) == name {
      return
    }
    let partial = folder.appending(path: ".partial-best", directoryHint: .notDirectory)
    try? FileManager.default.removeItem(at: partial)
    do {
      try FileManager.default.createSymbolicLink(
        atPath: partial.path, withDestinationPath: name)
      try AtomicFile.commit(partial, as: bestLink)
    } catch {
      try? FileManager.default.removeItem(at: partial)
    }
  }

  /// Removes what a killed run left unfinished.
  func removeLeftovers() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name.hasPrefix(".partial-") {
      try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
  }

  /// Removes a checkpoint so that it is never seen half there.
  private func remove(_ checkpoint: URL) {
    let aside = folder.appending(
      path: ".partial-\(checkpoint.lastPathComponent)", directoryHint: .isDirectory)
    try? FileManager.default.removeItem(at: aside)
    try? FileManager.default.moveItem(at: checkpoint, to: aside)
    try? FileManager.default.removeItem(at: aside)
  }

  private func write(
    _ model: MaskedLanguageModel, _ optimizer: AdamW, into partial: URL
  ) throws {
    func tensors(_ buffer: FloatBuffer, prefix: String) -> [SafetensorsWriter.Tensor] {
      model.layout.entries.map { entry in
        SafetensorsWriter.Tensor(
          name: prefix + entry.name, shape: entry.shape,
          values: UnsafeBufferPointer(start: buffer.base + entry.offset, count: entry.count))
      }
    }
    try SafetensorsWriter.write(
      tensors(model.parameters, prefix: ""), to: partial.appending(path: Self.parametersFile))
    try SafetensorsWriter.write(
      tensors(optimizer.m, prefix: "m.") + tensors(optimizer.v, prefix: "v."),
      to: partial.appending(path: Self.optimizerFile))
  }

  /// Reads the state of a checkpoint, without its tensors.
  ///
  /// - Throws: `StudentTrainerError.damagedCheckpoint`.
  func state(of checkpoint: URL) throws -> CheckpointState {
    do {
      let data = try Data(contentsOf: checkpoint.appending(path: Self.stateFile))
      let state = try JSONDecoder().decode(CheckpointState.self, from: data)
      guard state.formatVersion == CheckpointState.currentVersion else {
        throw damaged(checkpoint, Self.stateFile, "has version \(state.formatVersion)")
      }
      guard try state.checksum == state.expectedChecksum() else {
        throw damaged(checkpoint, Self.stateFile, "does not have the checksum that it records")
      }
      guard state.step >= 0, state.epoch >= 0, state.batchIndex >= 0, state.tokens >= 0 else {
        throw damaged(checkpoint, Self.stateFile, "holds a negative count")
      }
      return state
    } catch let error as StudentTrainerError {
      throw error
    } catch {
      throw damaged(checkpoint, Self.stateFile, "is missing or not the JSON that was written")
    }
  }

  /// Reads parameters and moments into a model and an optimiser.
  ///
  /// - Throws: `StudentTrainerError.damagedCheckpoint`; the model is then not to be used.
  func restore(
    _ checkpoint: URL, state: CheckpointState, model: MaskedLanguageModel, optimizer: AdamW
  ) throws {
    for file in [Self.parametersFile, Self.optimizerFile] {
      try check(file, of: checkpoint, state)
    }
    try read(Self.parametersFile, of: checkpoint, prefix: "", model.layout, into: model.parameters)
    try read(Self.optimizerFile, of: checkpoint, prefix: "m.", model.layout, into: optimizer.m)
    try read(Self.optimizerFile, of: checkpoint, prefix: "v.", model.layout, into: optimizer.v)
    optimizer.step = state.step
  }

  /// Reads the parameters of a checkpoint alone.
  ///
  /// - Throws: `StudentTrainerError.damagedCheckpoint`.
  func restoreParameters(_ checkpoint: URL, into model: MaskedLanguageModel) throws {
    let state = try state(of: checkpoint)
    try check(Self.parametersFile, of: checkpoint, state)
    try read(Self.parametersFile, of: checkpoint, prefix: "", model.layout, into: model.parameters)
  }

  private func check(_ file: String, of checkpoint: URL, _ state: CheckpointState) throws {
    guard let digest = try? ParameterDigest.text(ofFile: checkpoint.appending(path: file)) else {
      throw damaged(checkpoint, file, "is missing or cannot be read")
    }
    guard digest == state.files[file] else {
      throw damaged(checkpoint, file, "does not have the digest that state.json records")
    }
  }

  private func read(
    _ file: String, of checkpoint: URL, prefix: String, _ layout: ParameterLayout,
    into buffer: FloatBuffer
  ) throws {
    do {
      let tensors = try Safetensors(url: checkpoint.appending(path: file))
      for entry in layout.entries {
        let name = prefix + entry.name
        guard tensors.shape(of: name) == entry.shape else {
          throw damaged(checkpoint, file, "holds no \(name) of shape \(entry.shape)")
        }
        let target = UnsafeMutableBufferPointer(
          start: buffer.base + entry.offset, count: entry.count)
        _ = target.update(from: try tensors.floats(name))
      }
    } catch let error as TransformerError {
      throw damaged(checkpoint, file, "cannot be read: \(error)")
    }
  }

  private func damaged(_ checkpoint: URL, _ file: String, _ reason: String) -> StudentTrainerError {
    .damagedCheckpoint(folder: checkpoint.path, file: file, reason: reason)
  }
}
