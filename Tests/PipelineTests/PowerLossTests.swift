import Foundation
import Testing
import Transformer

/// What a disk may hold after a power failure: bytes that were written and not forced to it are
/// missing, cut or zero, and renamings that were not forced have not happened.
///
/// Each state is made from the folder of a killed run. Sealed shards stay as they are; the same
/// command ends in the bytes of an undisturbed run. A partial shard whose damage shows only when it
/// is sealed costs one more start.
struct PowerLossTests {
  /// A state of the folder, made with choices of the generator.
  struct Loss: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let apply: @Sendable (FolderEditor, inout SplitMix64) throws -> Void

    init(
      _ name: String, _ apply: @escaping @Sendable (FolderEditor, inout SplitMix64) throws -> Void
    ) {
      testDescription = name
      self.apply = apply
    }
  }

  /// Edits files of a folder by the end of their names.
  struct FolderEditor: Sendable {
    let folder: String

    func edit(_ ending: String, _ body: (inout Data) -> Void) throws {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder)
      where name.hasSuffix(ending) {
        let url = URL(filePath: "\(folder)/\(name)")
        var data = try Data(contentsOf: url)
        body(&data)
        try data.write(to: url)
      }
    }

    func remove(_ ending: String) throws {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder)
      where name.hasSuffix(ending) {
        try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
      }
    }
  }

  private static func zero(_ data: inout Data, from start: Int) {
    data.replaceSubrange(start..<data.count, with: Data(count: data.count - start))
  }

  static let losses: [Loss] = [
    Loss("the log is cut anywhere") { folder, generator in
      try folder.edit(".partial-wal") { data in
        data = data.prefix(Int.random(in: 0...data.count, using: &generator))
      }
    },
    Loss("sectors of the log are zero from some place on") { folder, generator in
      try folder.edit(".partial-wal") { data in
        let start = Int.random(in: 0...data.count / 512, using: &generator) * 512
        zero(&data, from: min(start, data.count))
      }
    },
    Loss("one sector of the log is zero") { folder, generator in
      try folder.edit(".partial-wal") { data in
        guard data.count >= 1024 else { return }
        let start = Int.random(in: 0..<data.count / 512, using: &generator) * 512
        data.replaceSubrange(start..<start + 512, with: Data(count: 512))
      }
    },
    Loss("the log is missing") { folder, _ in try folder.remove(".partial-wal") },
    Loss("the partial file is empty") { folder, _ in
      try folder.edit(".partial") { $0 = Data() }
    },
    Loss("the partial file is zero from some page on") { folder, generator in
      try folder.edit(".partial") { data in
        let start = Int.random(in: 0...data.count / 1024, using: &generator) * 1024
        zero(&data, from: min(start, data.count))
      }
    },
    Loss("the partial file is missing, its log is not") { folder, _ in
      try folder.remove(".partial")
    },
    Loss("the shard has not got its name yet, and is half there") { folder, _ in
      let file = "\(folder.folder)/shard-00000.sqlite"
      guard FileManager.default.fileExists(atPath: file) else { return }
      try FileManager.default.moveItem(atPath: file, toPath: file + ".sealing")
      try folder.edit(".sealing") { data in zero(&data, from: data.count / 2) }
    },
    Loss("the tables have not got their name yet") { folder, _ in
      let file = "\(folder.folder)/tables.sqlite"
      guard FileManager.default.fileExists(atPath: file) else { return }
      try FileManager.default.moveItem(atPath: file, toPath: file + ".sealing")
    },
    Loss("a file is there under its temporary name only") { folder, _ in
      try Data("{".utf8).write(
        to: URL(filePath: "\(folder.folder)/manifest.json.tmp-1-12345678"))
    },
  ]

  @Test(arguments: losses) func theSameCommandEndsInTheSameBytes(loss: Loss) throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    var generator = SplitMix64(seed: 20_261_121)
    // In the midst of the first shard, of a later one, and of sealing.
    let moments = [
      ("shard-00000.sqlite.partial-wal", 30_000), ("shard-00002.sqlite.partial-wal", 50_000),
      (".sealing", 0),
    ]
    for (number, moment) in moments.enumerated() {
      let cache = scratch.path("cache-\(number)")
      let command = work.cacheTeacher(output: cache)
      _ = try Pipeline.run(command) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? []
        return names.contains { name in
          guard name.hasSuffix(moment.0) else { return false }
          let size = try? FileManager.default.attributesOfItem(atPath: "\(cache)/\(name)")[.size]
          return size as? Int ?? 0 >= moment.1
        }
      }
      try loss.apply(FolderEditor(folder: cache), &generator)
      let sealed = try FolderContents(cache).files.filter { $0.key.hasSuffix(".sqlite") }
      var outcome = try Pipeline.run(command)
      if outcome.ending == .exited(1) {
        #expect(outcome.errors.contains("shard-0000"), "\(outcome.summary)")
        outcome = try Pipeline.run(command)
      }
      #expect(outcome.ending == .exited(0), "\(outcome.summary)")
      let found = try FolderContents(cache)
      for (name, bytes) in sealed { #expect(found.files[name] == bytes, "\(name)") }
      let differences = try found.differences(from: FolderContents(work.cache)) {
        $0.hasPrefix("timing-")
      }
      #expect(differences == [], "\(loss.testDescription), at \(moment.0)")
    }
  }
}
