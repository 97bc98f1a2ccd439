package import Foundation
import Kernels

#if canImport(Glibc)
  import Glibc
#endif

/// Writes float tensors as one safetensors file, whole or not at all.
package enum SafetensorsWriter {
  /// A tensor to write.
  package struct Tensor {
    /// Its name in the file.
    package let name: String
    /// Its shape, outermost first.
    package let shape: [Int]
    /// Its values, row-major; must stay valid until `write` returns.
    package let values: UnsafeBufferPointer<Float>

    /// Describes a tensor.
    ///
    /// - Precondition: the shape holds exactly the values.
    package init(name: String, shape: [Int], values: UnsafeBufferPointer<Float>) {
      precondition(shape.reduce(1, *) == values.count, "\(name): \(shape) of \(values.count)")
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// The element type of the written tensors.
  package enum Precision: String, Sendable, Codable, CaseIterable {
    case fp32
    case fp16
  }

  /// Writes the tensors in the order given; equal input gives equal bytes.
  ///
  /// The file appears under its name only when it is complete and on the disk.
  ///
  /// - Throws: `TransformerError.unwritable`.
  package static func write(
    _ tensors: [Tensor], to url: URL, precision: Precision = .fp32,
    metadata: [String: String] = ["format": "pt"]
  ) throws {
    let elementBytes = precision == .fp32 ? 4 : 2
    var header = Data("{".utf8)
    header.append(contentsOf: Array("\"__metadata__\":\(try json(metadata))".utf8))
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.values.count * elementBytes
      let sides = tensor.shape.map(String.init).joined(separator: ",")
      let type = precision == .fp32 ? "F32" : "F16"
      let entry =
        ",\(try json(tensor.name)):{\"dtype\":\"\(type)\",\"shape\":[\(sides)],"
        + "\"data_offsets\":[\(offset),\(end)]}"
      header.append(contentsOf: Array(entry.utf8))
      offset = end
    }
    header.append(UInt8(ascii: "}"))
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }

    let temporary = url.deletingLastPathComponent().appending(
      path: ".\(url.lastPathComponent).partial")
    do {
      try writeFile(temporary, header: header, tensors: tensors, precision: precision)
      guard rename(temporary.path, url.path) == 0 else { throw POSIXError.last }
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      let reason = (error as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
      throw TransformerError.unwritable(file: url, reason: reason ?? "\(error)")
    }
  }

  private static func writeFile(
    _ url: URL, header: Data, tensors: [Tensor], precision: Precision
  ) throws {
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw POSIXError.last }
    defer { close(descriptor) }
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    try length.withUnsafeBytes { try writeAll(descriptor, $0) }
    try header.withUnsafeBytes { try writeAll(descriptor, $0) }
    for tensor in tensors {
      switch precision {
      case .fp32:  // little-endian machines only, as the package's kernels are
        try writeAll(descriptor, UnsafeRawBufferPointer(tensor.values))
      case .fp16:
        try HalfPrecision.narrow(tensor.values).withUnsafeBytes { try writeAll(descriptor, $0) }
      }
    }
    guard fsync(descriptor) == 0 else { throw POSIXError.last }
  }

  private static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let written = Glibc.write(descriptor, piece.baseAddress, min(piece.count, 1 << 30))
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { throw POSIXError.last }
      rest = rest.dropFirst(written)
    }
  }

  private static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

extension POSIXError {
  /// The error of the last system call of this thread.
  fileprivate static var last: POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
