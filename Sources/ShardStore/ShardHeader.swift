import Foundation

/// The first 100 bytes of an SQLite file, checked before SQLite itself sees the file.
enum ShardHeader {
  private static let bytes = 100

  /// Checks magic, versions, page size and file size.
  ///
  /// - Returns: The file's size in bytes.
  /// - Throws: `ShardStoreError.notFound`, `.unreadable`, `.notAShard` or `.wrongFileSize`.
  static func check(_ url: URL) throws -> Int {
    let file = url.path
    guard FileManager.default.fileExists(atPath: file) else {
      throw ShardStoreError.notFound(file: file)
    }
    guard PosixFile.regularSize(file) != nil else {
      throw ShardStoreError.unreadable(file: file, reason: "it is no regular file")
    }
    let header: [UInt8]
    let fileBytes: Int
    do {
      let handle = try FileHandle(forReadingFrom: url)
      defer { try? handle.close() }
      header = [UInt8](try handle.read(upToCount: bytes) ?? Data())
      fileBytes = Int(try handle.seekToEnd())
    } catch {
      throw ShardStoreError.unreadable(file: file, reason: error.localizedDescription)
    }
    guard header.count == bytes else {
      throw ShardStoreError.wrongFileSize(file: file, expectedBytes: bytes, foundBytes: fileBytes)
    }
    func require<T: Equatable>(_ field: String, _ found: T, _ expected: T) throws {
      if found != expected {
        throw ShardStoreError.notAShard(
          file: file, field: field, expected: "\(expected)", found: "\(found)")
      }
    }
    try require("file type", header.starts(with: Array("SQLite format 3\0".utf8)), true)
    try require("application_id", word(header, 68), UInt32(ShardFormat.applicationID))
    try require("format version", word(header, 60), UInt32(ShardFormat.version))
    try require("page size", Int(header[16]) << 8 | Int(header[17]), ShardFormat.pageBytes)
    // 2 would mean a write-ahead log beside the file; a sealed shard has none.
    try require("journal version", [header[18], header[19]], [1, 1])
    try require("bytes reserved per page", header[20], 0)
    let expected = Int(word(header, 28)) * ShardFormat.pageBytes
    guard expected == fileBytes else {
      throw ShardStoreError.wrongFileSize(
        file: file, expectedBytes: expected, foundBytes: fileBytes)
    }
    return fileBytes
  }

  private static func word(_ header: [UInt8], _ offset: Int) -> UInt32 {
    header[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
