import Foundation

/// A file system in memory that is soon full; needs the rights to mount one.
final class SmallDisk {
  /// Whether this process may mount; found out once.
  static let isAvailable: Bool = (try? SmallDisk(kilobytes: 64)) != nil

  /// Where it is mounted.
  let path: String
  private let scratch: ScratchFolder

  /// Mounts an empty disk of that size.
  ///
  /// - Throws: `ProcessFailure` where that is not allowed here.
  init(kilobytes: Int) throws {
    scratch = try ScratchFolder()
    path = scratch.path("disk")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Self.mount(["-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", path])
  }

  deinit { _ = try? ChildProcess.run("umount", [path]) }

  /// Gives the disk another size, with all that is on it.
  func resize(kilobytes: Int) throws {
    try Self.mount(["-o", "remount,size=\(kilobytes)k", path])
  }

  private static func mount(_ arguments: [String]) throws {
    let outcome = try ChildProcess.run("mount", arguments)
    guard outcome.ending == .exited(0) else { throw ProcessFailure(description: outcome.summary) }
  }
}
