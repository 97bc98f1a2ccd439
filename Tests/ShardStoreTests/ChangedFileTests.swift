import Foundation
import ShardStore
import TestSupport
import Testing

/// What becomes of a file while a reader has it open: an error, never the end of the process.
@Suite struct ChangedFileTests {
  private let folder: TemporaryFolder
  private let file: URL
  private let reader: ShardReader

  init() throws {
    folder = try TemporaryFolder()
    _ = try SampleShard.write(to: folder.url, blocks: 12, bytes: 40_000)
    file = folder.file("shard-00000.sqlite")
    reader = try ShardReader(url: file)
  }

  /// With a memory map this would be a bus error.
  @Test(arguments: [0, 1024, 50_000]) func aFileThatIsCutWhileItIsOpenGivesTypedErrors(
    bytes: UInt64
  ) throws {
    _ = try reader.stream("noise", block: 0)
    let handle = try FileHandle(forWritingTo: file)
    try handle.truncate(atOffset: bytes)
    try handle.close()
    var refused = 0
    for block in 0..<12 {
      do {
        #expect(
          try reader.stream("noise", block: block)
            == SampleShard.block(block, bytes: 40_000)[1].bytes)
      } catch let error as ShardStoreError {
        #expect(error.description.contains("shard-00000, block \(block), stream 'noise'"))
        refused += 1
      }
    }
    #expect(refused >= 8)
  }

  @Test func aFileThatIsOverwrittenWhileItIsOpenGivesTypedErrors() throws {
    _ = try reader.stream("noise", block: 0)
    let size = try Data(contentsOf: file).count
    let handle = try FileHandle(forWritingTo: file)
    try handle.write(contentsOf: Data(repeating: 0x5A, count: size))
    try handle.close()
    for block in 1..<12 {
      #expect(throws: ShardStoreError.self) { try reader.stream("noise", block: block) }
    }
  }

  @Test func aFileThatIsDeletedWhileItIsOpenIsReadToItsEnd() throws {
    try FileManager.default.removeItem(at: file)
    for block in 0..<12 {
      #expect(
        try reader.stream("noise", block: block) == SampleShard.block(block, bytes: 40_000)[1].bytes
      )
    }
    #expect(throws: ShardStoreError.notFound(file: file.path)) { try ShardReader(url: file) }
  }

  @Test func whatIsNoRegularFileIsRefusedAtOnce() throws {
    let pipe = folder.file("pipe.sqlite")
    #expect(mkfifo(pipe.path, 0o600) == 0)
    let device = folder.file("device.sqlite")
    try FileManager.default.createSymbolicLink(
      atPath: device.path, withDestinationPath: "/dev/zero")
    for url in [pipe, device, folder.url] {
      #expect(
        throws: ShardStoreError.unreadable(file: url.path, reason: "it is no regular file")
      ) { try ShardReader(url: url) }
    }
  }
}
