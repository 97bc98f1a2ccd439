import Foundation

/// A folder for what a benchmark writes; removed at its end.
struct ScratchFolder {
  let url: URL

  /// Makes an empty folder below `folder`.
  init(in folder: URL) throws {
    url = folder.appending(path: "scratch-\(UUID().uuidString)", directoryHint: .isDirectory)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  /// A path in it where nothing is yet.
  func fresh(_ name: String) -> URL { url.appending(path: "\(name)-\(UUID().uuidString)") }

  func remove() { try? FileManager.default.removeItem(at: url) }
}
