import Kernels
import LogitCache
import ShardStore

/// The columns of a coded stream, taken apart and put together as `docs/FORMAT.md` has them.
struct CodedStream {
  /// Values by column.
  var columns: [[UInt32]]
  private let codes: [PrefixCode]

  /// Nil where the bytes are not so many columns of so many rows.
  init?(_ bytes: [UInt8], codes: [PrefixCode], rows: Int) {
    guard let sizes = LittleEndian.values(Array(bytes.prefix(4 * codes.count)), as: UInt32.self)
    else { return nil }
    self.codes = codes
    columns = []
    var start = 4 * codes.count
    for (code, size) in zip(codes, sizes) {
      var values = [UInt32](repeating: 0, count: rows)
      let isWhole = bytes.withUnsafeBytes { bytes in
        values.withUnsafeMutableBufferPointer {
          code.decode(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(size)]), into: $0)
        }
      }
      guard isWhole else { return nil }
      columns.append(values)
      start += Int(size)
    }
  }

  /// The stream.
  var bytes: [UInt8] {
    let packed = zip(columns, codes).map { column, code in
      column.withUnsafeBufferPointer(code.encode)
    }
    return LittleEndian.bytes(packed.map { UInt32($0.count) }) + packed.joined()
  }
}
