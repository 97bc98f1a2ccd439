import Foundation
import Transformer

/// One way to damage a folder, with choices that a generator makes.
struct Mutation: Sendable {
  /// For the table.
  let name: String
  /// Whether the checksums are right afterwards, so that other numbers may be read, within their
  /// bounds.
  let mayDiffer: Bool
  let apply: @Sendable (inout MutationPlace) throws -> Void

  init(
    _ name: String, mayDiffer: Bool = false,
    apply: @escaping @Sendable (inout MutationPlace) throws -> Void
  ) {
    self.name = name
    self.mayDiffer = mayDiffer
    self.apply = apply
  }

  /// What may happen to any folder of shards; each is as likely as another.
  static let common: [Mutation] = [
    Mutation("bit", apply: FileMutation.bit),
    Mutation("byte", apply: FileMutation.byte),
    Mutation("byte of a page header", apply: FileMutation.pageHeader),
    Mutation("run of bytes", apply: FileMutation.run),
    Mutation("length", apply: FileMutation.length),
    Mutation("pages", apply: FileMutation.pages),
    Mutation("splice", apply: FileMutation.splice),
    Mutation("another file", apply: FileMutation.exchange),
    Mutation("log beside it", apply: FileMutation.log),
    Mutation("row", mayDiffer: true, apply: DatabaseMutation.row),
    Mutation("schema", mayDiffer: true, apply: DatabaseMutation.schema),
    Mutation("block's stream", mayDiffer: true, apply: StreamMutation.block),
    Mutation("several streams", mayDiffer: true, apply: StreamMutation.several),
  ]

  /// Kinds for caches.
  static let ofCaches =
    common + [
      Mutation("table's stream", mayDiffer: true, apply: StreamMutation.table),
      Mutation("manifest's field", mayDiffer: true, apply: ManifestMutation.field),
      Mutation("specification", mayDiffer: true, apply: SpecificationMutation.specification),
    ]

  /// Kinds for corpora.
  static let ofCorpora =
    common + [
      Mutation("manifest's field", apply: ManifestMutation.field),
      Mutation("sealed manifest", mayDiffer: true, apply: ManifestMutation.sealed),
    ]
}

/// The folder that a mutation makes, the random choices in it, and what it tells of them.
struct MutationPlace {
  let base: any Base
  let folder: URL
  var generator: SplitMix64
  /// The file that was chosen.
  var file = ""
  /// Whether every error has to be about that file.
  var isAlone = true
  /// What was done, for a person.
  var what = ""
  /// Files that stay missing.
  var removed: Set<String> = []

  init(base: any Base, folder: URL, generator: SplitMix64) {
    self.base = base
    self.folder = folder
    self.generator = generator
  }

  /// The names of the files, shards first as often as the rest.
  private var names: [String] { base.files.keys.sorted() }

  /// Chooses a file.
  mutating func chooseFile(shardsOnly: Bool = false) -> [UInt8] {
    let names = names.filter { !shardsOnly || $0.hasSuffix(".sqlite") }
    file = names[choice(names.count)]
    what += "\(file) "
    return base.files[file] ?? []
  }

  /// A number below `count`; 0 where that is 0.
  mutating func choice(_ count: Int) -> Int {
    count > 0 ? Int.random(in: 0..<count, using: &generator) : 0
  }

  /// True once in so many times.
  mutating func once(in times: Int) -> Bool { choice(times) == 0 }

  mutating func byte() -> UInt8 { UInt8(choice(256)) }

  /// Bytes that are random, all zeros or all ones.
  mutating func bytes(_ count: Int) -> [UInt8] {
    switch choice(3) {
    case 0: [UInt8](repeating: 0, count: count)
    case 1: [UInt8](repeating: 255, count: count)
    default: (0..<count).map { _ in byte() }
    }
  }

  func url(_ name: String) -> URL { folder.appending(path: name) }

  /// Writes a file of the copy.
  func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: url(name)) }

  /// Writes the manifest of a folder in which the chosen file has another size or digest.
  func writeManifest(bytes: Int, digest: String? = nil) throws {
    try base.content.manifest(noting: file, bytes: bytes, digest: digest)
      .write(to: url("manifest.json"))
  }

  /// Gives the copy all files that it does not have yet.
  func linkRest() throws {
    let present = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
    for name in names where !present.contains(name) && !removed.contains(name) {
      try FileManager.default.linkItem(at: base.folder.appending(path: name), to: url(name))
    }
  }
}
