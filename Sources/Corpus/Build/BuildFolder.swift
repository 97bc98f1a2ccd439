import Foundation
import ShardStore

/// The folder of an unfinished build, beside its destination.
///
/// The name is `<destination>.partial-<random>`, and the process holds a lock on it, so that what
/// a killed run left behind can be told from the work of a running one. The next build goes on with
/// it where it is of the same inputs, tokenizer and options; otherwise it is removed.
/// Owns the folder until `commit()`; one thread at a time.
final class BuildFolder {
  /// What lies in it.
  let files: BuildFiles
  /// How far the build is that is to be gone on with; nil for a new one.
  private(set) var journal: BuildJournal?
  private let destinations: [URL]
  private var descriptor: Int32

  /// Makes the folder, or finds it, and makes the folders above the destination.
  ///
  /// - Parameters:
  ///   - destinations: The folders of the corpora: the main one, and the held-out one where there is
  ///     one.
  ///   - fingerprint: What the build is a build of; nil where it cannot be gone on with.
  /// - Throws: `CorpusError.unwritable`.
  init(destinations: [URL], fingerprint: String?) throws {
    self.destinations = destinations
    let parent = destinations[0].deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    } catch {
      throw CorpusError.unwritable(path: parent.path, reason: error.localizedDescription)
    }
    if let found = BuildFolder.abandoned(destinations[0], fingerprint: fingerprint) {
      files = BuildFiles(folder: found.folder)
      descriptor = found.descriptor
      journal = found.journal
      return
    }
    let name = destinations[0].lastPathComponent + ".partial-"
    let folder = parent.appending(
      path: name + Hexadecimal.text((0..<6).map { _ in UInt8.random(in: 0...255) }))
    files = BuildFiles(folder: folder)
    guard mkdir(folder.path, 0o777) == 0 else {
      throw CorpusError.unwritable(path: folder.path, reason: systemMessage(errno))
    }
    descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A file system without locks costs only what killed runs left.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
    try makeOutputs()
  }

  deinit {
    if descriptor >= 0 {
      discard()
    }
  }

  /// Removes all that a build made, which could not be used, so that it begins anew.
  ///
  /// - Throws: `CorpusError.unwritable`.
  func startOver() throws {
    journal = nil
    for name in (try? FileManager.default.contentsOfDirectory(atPath: files.folder.path)) ?? [] {
      try? FileManager.default.removeItem(at: files.folder.appending(path: name))
    }
    try makeOutputs()
  }

  private func makeOutputs() throws {
    for index in destinations.indices {
      let folder = files.output(index)
      guard mkdir(folder.path, 0o777) == 0 else {
        throw CorpusError.unwritable(path: folder.path, reason: systemMessage(errno))
      }
    }
  }

  /// Forces every file of the corpora to the disk and gives them their names, the main one last.
  ///
  /// - Throws: `ShardStoreError` where one cannot be renamed; the folder stays then.
  func commit() throws {
    for (index, destination) in destinations.enumerated().reversed() {
      let folder = files.output(index)
      let paths = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
      while let path = paths?.nextObject() as? URL { BuildFolder.synchronize(path) }
      BuildFolder.synchronize(folder)
      // The held-out corpus of a run that was killed right here; the builder has compared it.
      if index > 0 { try? FileManager.default.removeItem(at: destination) }
      try AtomicFile.commit(folder, as: destination)
    }
    discard()
  }

  /// Removes the folder with all that is in it.
  func discard() {
    try? FileManager.default.removeItem(at: files.folder)
    close(descriptor)
    descriptor = -1
  }

  /// Removes what killed builds left beside a finished corpus.
  static func removeAbandoned(_ destination: URL) {
    _ = abandoned(destination, fingerprint: nil)
  }

  /// Finds the build to go on with, and removes the others that nobody works on.
  private static func abandoned(
    _ destination: URL, fingerprint: String?
  ) -> (folder: URL, descriptor: Int32, journal: BuildJournal)? {
    let parent = destination.deletingLastPathComponent()
    let prefix = destination.lastPathComponent + ".partial-"
    var found: (folder: URL, descriptor: Int32, journal: BuildJournal)?
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? []
    for name in names.sorted() where name.hasPrefix(prefix) {
      let folder = parent.appending(path: name)
      let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
        if found == nil, let fingerprint, let journal = BuildJournal.read(folder: folder),
          journal.fingerprint == fingerprint
        {
          found = (folder, descriptor, journal)
          continue
        }
        try? FileManager.default.removeItem(at: folder)
      }
      close(descriptor)
    }
    return found
  }

  private static func synchronize(_ url: URL) {
    let file = open(url.path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    fsync(file)
    close(file)
  }
}
