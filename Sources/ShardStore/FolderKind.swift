package import Foundation

/// What stands at a path where a folder with a manifest should be, for a person who has mistaken one
/// thing for another.
package enum FolderKind {
  private static let manifest = "manifest.json"

  /// Why a path has no manifest.
  package static func reasonWithoutManifest(_ folder: URL) -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      return "there is no such folder"
    }
    return isFolder.boolValue ? "\(manifest) is missing" : "it is a file, not a folder"
  }

  /// Why a path is no folder.
  package static func reasonOfNoFolder(_ folder: URL) -> String? {
    var isFolder: ObjCBool = false
    let isThere = FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder)
    if isThere && isFolder.boolValue { return nil }
    return isThere ? "it is a file, not a folder" : "there is no such folder"
  }
}
