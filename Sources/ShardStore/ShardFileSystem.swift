import Foundation
import GRDBSQLite

/// A file system (VFS) of SQLite for sealed shards, which reads ahead.
///
/// SQLite asks for a page at a time, each with a system call; shards have pages of 1,024 bytes, and a
/// stream is some hundred of them, one after the other. It is for files that nobody writes: nothing is
/// written, and what was read is not read again. It has no memory map.
enum ShardFileSystem {
  /// Its name in a URI; nil where SQLite has no memory for it.
  static let name: String? = enroll()

  /// The system's file system, to which everything goes that is not told here.
  // SQLite's own and never changed after it was enrolled, by which this is read from any thread.
  nonisolated(unsafe) private static let system: UnsafeMutablePointer<sqlite3_vfs>? =
    sqlite3_vfs_find(nil)

  /// The functions of an open file, which SQLite keeps the address of.
  // Written once, before any file has its address, and only read from then on.
  nonisolated(unsafe) private static let methods: UnsafePointer<sqlite3_io_methods> = {
    let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    methods.initialize(to: ShardFile.methods())
    return UnsafePointer(methods)
  }()

  private static func enroll() -> String? {
    let name = "decant-shard"
    guard let system, let cName = strdup(name) else { return nil }
    // SQLite keeps the address for as long as the process lives. All but the opening of files is the
    // system's, whose functions get their own data along.
    let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    vfs.initialize(to: system.pointee)
    vfs.pointee.zName = UnsafePointer(cName)
    vfs.pointee.pNext = nil
    vfs.pointee.szOsFile += Int32(ShardFile.systemOffset)
    vfs.pointee.xOpen = { _, name, file, flags, outFlags in
      ShardFileSystem.open(name, file, flags, outFlags)
    }
    guard sqlite3_vfs_register(vfs, 0) == SQLITE_OK else {
      vfs.deallocate()
      free(cName)
      return nil
    }
    return name
  }

  private static func open(
    _ name: UnsafePointer<CChar>?, _ base: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
    _ outFlags: UnsafeMutablePointer<Int32>?
  ) -> Int32 {
    guard let base else { return SQLITE_MISUSE }
    // What SQLite keeps for itself meanwhile is none of ours.
    guard flags & SQLITE_OPEN_MAIN_DB != 0 else {
      return system?.pointee.xOpen?(system, name, base, flags, outFlags) ?? SQLITE_CANTOPEN
    }
    base.pointee.pMethods = nil
    let file = ShardFile(base)
    let opened = system?.pointee.xOpen?(system, name, file.system, flags, outFlags)
    guard opened == SQLITE_OK else { return opened ?? SQLITE_CANTOPEN }
    var size: sqlite3_int64 = 0
    let sized = file.system.pointee.pMethods?.pointee.xFileSize?(file.system, &size)
    guard sized == SQLITE_OK else {
      _ = file.system.pointee.pMethods?.pointee.xClose?(file.system)
      return sized ?? SQLITE_CANTOPEN
    }
    file.state.initialize(to: ReadAhead(size: size))
    base.pointee.pMethods = methods
    return SQLITE_OK
  }
}
