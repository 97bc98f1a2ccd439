#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The few system calls that Foundation does not offer: fsync, flock, rename over a file.
///
/// Owns its descriptor; one caller at a time.
final class PosixFile {
  private let path: String
  private var descriptor: Int32

  /// Opens the file for writing with an exclusive lock, and creates it where it is missing.
  ///
  /// - Throws: `ShardStoreError.locked` where another process (or object) has the lock;
  ///   `.diskFull` or `.notWritten`.
  init(locking path: String) throws {
    self.path = path
    descriptor = -1
    while true {
      let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      if opened < 0 { throw Self.failure(path) }
      if flock(opened, LOCK_EX | LOCK_NB) != 0 {
        let code = errno
        _ = Self.closeDescriptor(opened)
        if code == EWOULDBLOCK { throw ShardStoreError.locked(file: path) }
        throw Self.failure(path, code: code)
      }
      // The owner before may have removed the file between our open and our lock.
      var ours = stat()
      var named = stat()
      if fstat(opened, &ours) == 0, stat(path, &named) == 0, ours.st_ino == named.st_ino,
        ours.st_dev == named.st_dev
      {
        descriptor = opened
        return
      }
      _ = Self.closeDescriptor(opened)
    }
  }

  deinit { close() }

  /// The size of a regular file, links followed; nil where there is none or it is something else,
  /// such as a folder, a pipe or a device, which would have to be waited for or has no end.
  static func regularSize(_ path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// Whether somebody holds the exclusive lock of a file; false where there is no such file.
  static func isLocked(_ path: String) -> Bool {
    let opened = open(path, O_RDONLY | O_CLOEXEC)
    if opened < 0 { return false }
    defer { _ = closeDescriptor(opened) }
    return flock(opened, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// Gives a file a second name; false where the file systems cannot.
  ///
  /// - Throws: `.notWritten` where the new name is taken.
  static func link(_ old: String, as new: String) throws -> Bool {
    if linkFile(old, new) == 0 { return true }
    if errno == EEXIST { throw failure(new) }
    return false
  }

  /// Closes the file, which releases its lock.
  func close() {
    if descriptor >= 0 { _ = Self.closeDescriptor(descriptor) }
    descriptor = -1
  }

  /// Cuts the file to no bytes.
  func truncate() throws {
    if ftruncate(descriptor, 0) != 0 { throw Self.failure(path) }
  }

  /// Appends all the bytes.
  func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes(write) }

  /// Appends all the bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Self.writeDescriptor(descriptor, UnsafeRawBufferPointer(rebasing: rest))
      if count < 0 {
        if errno == EINTR { continue }
        throw Self.failure(path)
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Forces the file's bytes to the disk.
  func synchronize() throws {
    if fsync(descriptor) != 0 { throw Self.failure(path) }
  }

  /// Forces an existing file's bytes to the disk.
  static func synchronize(_ path: String) throws {
    try synchronize(path, flags: O_RDWR)
  }

  /// Forces a folder's entries to the disk.
  static func synchronizeFolder(_ path: String) throws {
    try synchronize(path.isEmpty ? "." : path, flags: O_RDONLY | O_DIRECTORY)
  }

  /// Renames a file over another.
  static func rename(_ old: String, to new: String) throws {
    if renameFile(old, new) != 0 { throw failure(new) }
  }

  private static func synchronize(_ path: String, flags: Int32) throws {
    let opened = open(path, flags | O_CLOEXEC)
    if opened < 0 { throw failure(path) }
    defer { _ = closeDescriptor(opened) }
    // Some file systems refuse to synchronise a folder (EINVAL): they have nothing to force.
    if fsync(opened) != 0 && errno != EINVAL { throw failure(path) }
  }

  private static func failure(_ path: String, code: Int32 = errno) -> ShardStoreError {
    if code == ENOSPC || code == EDQUOT { return .diskFull(file: path) }
    return .notWritten(file: path, reason: String(cString: strerror(code)))
  }
}

// The members above hide the global functions of the same names.
extension PosixFile {
  private static func closeDescriptor(_ descriptor: Int32) -> Int32 {
    #if canImport(Glibc)
      Glibc.close(descriptor)
    #elseif canImport(Musl)
      Musl.close(descriptor)
    #else
      Darwin.close(descriptor)
    #endif
  }

  private static func writeDescriptor(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes.baseAddress, bytes.count)
    #else
      Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }

  private static func linkFile(_ old: String, _ new: String) -> Int32 {
    #if canImport(Glibc)
      Glibc.link(old, new)
    #elseif canImport(Musl)
      Musl.link(old, new)
    #else
      Darwin.link(old, new)
    #endif
  }

  private static func renameFile(_ old: String, _ new: String) -> Int32 {
    #if canImport(Glibc)
      Glibc.rename(old, new)
    #elseif canImport(Musl)
      Musl.rename(old, new)
    #else
      Darwin.rename(old, new)
    #endif
  }
}
