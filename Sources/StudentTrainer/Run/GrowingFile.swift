import Foundation

/// A file of a run that grows with its steps, and is cut to what a checkpoint knows of. One owner, one
/// thread.
final class GrowingFile {
  /// What happens to a file that has less than a checkpoint knows of.
  enum Shorter {
    case isRefused, beginsAnew
  }

  /// True where nothing is in it yet.
  let isEmpty: Bool
  private let url: URL
  private let handle: FileHandle

  /// Opens the file, made with its folder where it is missing, and cuts it.
  ///
  /// - Parameters:
  ///   - url: The file.
  ///   - length: Bytes that stay.
  ///   - shorter: What happens where there are fewer.
  /// - Throws: `StudentTrainerError.unwritable`, or `.unreadable` where a shorter file is refused.
  init(url: URL, length: UInt64, shorter: Shorter) throws {
    self.url = url
    let manager = FileManager.default
    do {
      try manager.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      if !manager.fileExists(atPath: url.path) {
        guard manager.createFile(atPath: url.path, contents: nil) else {
          throw StudentTrainerError.unwritable(
            file: url.path, reason: "the file cannot be created")
        }
      }
      handle = try FileHandle(forUpdating: url)
      let size = try handle.seekToEnd()
      guard size >= length || shorter == .beginsAnew else {
        throw StudentTrainerError.unreadable(
          file: url.path,
          reason: "it has \(size) bytes, the checkpoint knows of \(length); restore the file, or "
            + "remove the run's folder")
      }
      try handle.truncate(atOffset: size < length ? 0 : length)
      isEmpty = try handle.offset() == 0
    } catch let error as StudentTrainerError {
      throw error
    } catch {
      throw StudentTrainerError.unwritable(file: url.path, reason: error.localizedDescription)
    }
  }

  deinit { try? handle.close() }

  /// Adds bytes at the end.
  ///
  /// - Throws: `StudentTrainerError.unwritable`.
  func append(_ bytes: Data) throws {
    try reporting { try handle.write(contentsOf: bytes) }
  }

  /// Forces the bytes to the disk and tells how many there are.
  ///
  /// - Throws: `StudentTrainerError.unwritable`.
  func synchronize() throws -> UInt64 {
    try reporting {
      try handle.synchronize()
      return try handle.offset()
    }
  }

  private func reporting<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      throw StudentTrainerError.unwritable(file: url.path, reason: error.localizedDescription)
    }
  }
}
