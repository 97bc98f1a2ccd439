import GRDBSQLite

/// The bytes of an open file that were read ahead.
struct ReadAhead {
  /// Size of the buffer.
  static let capacity: Int32 = 64 << 10

  /// Size of the file when it was opened.
  let size: sqlite3_int64
  /// Where a read in order would begin.
  var next: sqlite3_int64 = -1
  /// The place in the file of what is in the buffer, and how much there is.
  var place: sqlite3_int64 = 0
  var count: Int32 = 0
  /// SQLite's memory; nil as long as nothing was read in order.
  var buffer: UnsafeMutableRawPointer?

  init(size: sqlite3_int64) { self.size = size }
}

/// An open file of `ShardFileSystem`, in the memory that SQLite gives it: SQLite's part, `ReadAhead`,
/// and the file of the system's own file system.
struct ShardFile {
  private static let stateOffset = 16
  /// Where the system's file begins, for any type of C.
  static let systemOffset = stateOffset + (MemoryLayout<ReadAhead>.size + 15) / 16 * 16

  let state: UnsafeMutablePointer<ReadAhead>
  let system: UnsafeMutablePointer<sqlite3_file>

  init(_ base: UnsafeMutablePointer<sqlite3_file>) {
    let memory = UnsafeMutableRawPointer(base)
    state = (memory + Self.stateOffset).assumingMemoryBound(to: ReadAhead.self)
    system = (memory + Self.systemOffset).assumingMemoryBound(to: sqlite3_file.self)
  }

  /// The functions that SQLite calls; those of version 1, which has neither shared memory nor a memory
  /// map.
  static func methods() -> sqlite3_io_methods {
    var methods = sqlite3_io_methods()
    methods.iVersion = 1
    methods.xClose = { $0.map { ShardFile($0).close() } ?? SQLITE_MISUSE }
    methods.xRead = { base, bytes, count, place in
      guard let base, let bytes else { return SQLITE_MISUSE }
      return ShardFile(base).read(bytes, count, at: place)
    }
    methods.xWrite = { _, _, _, _ in SQLITE_READONLY }
    methods.xTruncate = { _, _ in SQLITE_READONLY }
    methods.xSync = { _, _ in SQLITE_OK }
    methods.xFileSize = { base, size in
      ShardFile.call(base) { $1.xFileSize?($0, size) }
    }
    methods.xLock = { base, level in ShardFile.call(base) { $1.xLock?($0, level) } }
    methods.xUnlock = { base, level in ShardFile.call(base) { $1.xUnlock?($0, level) } }
    methods.xCheckReservedLock = { base, isLocked in
      ShardFile.call(base) { $1.xCheckReservedLock?($0, isLocked) }
    }
    methods.xFileControl = { base, what, argument in
      ShardFile.call(base) { $1.xFileControl?($0, what, argument) }
    }
    methods.xSectorSize = { base in ShardFile.call(base) { $1.xSectorSize?($0) } }
    methods.xDeviceCharacteristics = { base in
      ShardFile.call(base) { $1.xDeviceCharacteristics?($0) }
    }
    return methods
  }

  /// What a function of the system's file answers.
  private static func call(
    _ base: UnsafeMutablePointer<sqlite3_file>?,
    _ body: (UnsafeMutablePointer<sqlite3_file>, sqlite3_io_methods) -> Int32?
  ) -> Int32 {
    guard let base else { return SQLITE_MISUSE }
    let system = ShardFile(base).system
    guard let methods = system.pointee.pMethods else { return SQLITE_MISUSE }
    return body(system, methods.pointee) ?? SQLITE_MISUSE
  }

  private func close() -> Int32 {
    sqlite3_free(state.pointee.buffer)
    return system.pointee.pMethods?.pointee.xClose?(system) ?? SQLITE_MISUSE
  }

  private func read(
    _ bytes: UnsafeMutableRawPointer, _ count: Int32, at place: sqlite3_int64
  ) -> Int32 {
    let end = place + sqlite3_int64(count)
    let isNext = place == state.pointee.next && end <= state.pointee.size
    state.pointee.next = end
    if !holds(place, end), isNext, count < ReadAhead.capacity { readAhead(from: place) }
    guard holds(place, end), let buffer = state.pointee.buffer else {
      return readSystem(bytes, count, at: place)
    }
    bytes.copyMemory(from: buffer + Int(place - state.pointee.place), byteCount: Int(count))
    return SQLITE_OK
  }

  private func holds(_ place: sqlite3_int64, _ end: sqlite3_int64) -> Bool {
    let held = state.pointee
    return place >= held.place && end <= held.place + sqlite3_int64(held.count)
  }

  /// Fills the buffer from a place on; leaves it empty where that fails.
  private func readAhead(from place: sqlite3_int64) {
    state.pointee.count = 0
    if state.pointee.buffer == nil {
      state.pointee.buffer = sqlite3_malloc(ReadAhead.capacity)
    }
    guard let buffer = state.pointee.buffer else { return }
    let count = Int32(min(state.pointee.size - place, sqlite3_int64(ReadAhead.capacity)))
    guard readSystem(buffer, count, at: place) == SQLITE_OK else { return }
    state.pointee.place = place
    state.pointee.count = count
  }

  private func readSystem(
    _ bytes: UnsafeMutableRawPointer, _ count: Int32, at place: sqlite3_int64
  ) -> Int32 {
    system.pointee.pMethods?.pointee.xRead?(system, bytes, count, place) ?? SQLITE_IOERR
  }
}
