import Foundation

/// A folder for one test, removed with the value.
final class ScratchFolder {
  /// Where it is.
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(
      path: "pipeline-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of something in the folder.
  func path(_ name: String) -> String { url.appending(path: name).path }

  /// Writes a file and returns its path.
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    try Data(bytes).write(to: url.appending(path: name))
    return path(name)
  }

  /// Copies a file or folder here and returns the copy's path; without the references of runs, which
  /// other tests leave at any time.
  func copy(_ path: String, as name: String) throws -> String {
    let files = FileManager.default
    let target = self.path(name)
    guard let names = try? files.contentsOfDirectory(atPath: path) else {
      try files.copyItem(atPath: path, toPath: target)
      return target
    }
    try files.createDirectory(atPath: target, withIntermediateDirectories: true)
    for name in names where name != FolderContents.references {
      try files.copyItem(atPath: "\(path)/\(name)", toPath: "\(target)/\(name)")
    }
    return target
  }
}

/// The files of a folder, to compare before with after, or one run with another.
struct FolderContents {
  /// Bytes by path below the folder; nil for a folder.
  let files: [String: Data?]

  /// The folder in a cache in which runs leave a reference; it is no part of the cache.
  static let references = "references"

  /// Reads all of a folder but the references of runs; one that is missing has no files.
  init(_ path: String) throws {
    var files: [String: Data?] = [:]
    for case let name as String in FileManager.default.enumerator(atPath: path) ?? .init()
    where !name.split(separator: "/").contains(Substring(Self.references)) {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder)
      files.updateValue(
        isFolder.boolValue ? nil : try Data(contentsOf: URL(filePath: "\(path)/\(name)")),
        forKey: name)
    }
    self.files = files
  }

  /// The names, sorted.
  var names: [String] { files.keys.sorted() }

  /// The paths that are in one only, or have other bytes; those that `ignoring` accepts are left out.
  func differences(
    from other: FolderContents, ignoring: (String) -> Bool = { _ in false }
  ) -> [String] {
    Set(files.keys).union(other.files.keys).sorted().filter {
      !ignoring($0) && files[$0] != other.files[$0]
    }
  }
}
