package import Foundation
import Kernels

#if canImport(Glibc)
  import Glibc
#endif

/// Writes tensors as one safetensors file, whole or not at all.
package enum SafetensorsWriter {
  /// A tensor to write.
  package struct Tensor {
    /// Its name in the file.
    package let name: String
    /// Its shape, outermost first.
    package let shape: [Int]
    /// Its values, row-major.
    let elements: Elements

    /// Values by their type.
    enum Elements {
      /// Must stay valid until `write` returns.
      case floats(UnsafeBufferPointer<Float>)
      case ownFloats([Float])
      case integers([Int32])

      var count: Int {
        switch self {
        case .floats(let values): values.count
        case .ownFloats(let values): values.count
        case .integers(let values): values.count
        }
      }
    }

    /// Describes a tensor.
    ///
    /// - Precondition: the shape holds exactly the values.
    package init(name: String, shape: [Int], values: UnsafeBufferPointer<Float>) {
      self.init(name, shape, .floats(values))
    }

    /// Describes a tensor that it keeps.
    ///
    /// - Precondition: the shape holds exactly the values.
    package init(name: String, shape: [Int], floats: [Float]) {
      self.init(name, shape, .ownFloats(floats))
    }

    /// Describes a tensor of 32-bit integers, which stay so at any precision.
    ///
    /// - Precondition: the shape holds exactly the values.
    package init(name: String, shape: [Int], integers: [Int32]) {
      self.init(name, shape, .integers(integers))
    }

    private init(_ name: String, _ shape: [Int], _ elements: Elements) {
      precondition(
        shape.reduce(1, *) == elements.count, "\(name): \(shape) of \(elements.count)")
      self.name = name
      self.shape = shape
      self.elements = elements
    }

    func type(_ precision: Precision) -> (name: String, bytes: Int) {
      if case .integers = elements { return ("I32", 4) }
      return precision == .fp32 ? ("F32", 4) : ("F16", 2)
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
    var header = Data("{".utf8)
    header.append(contentsOf: Array("\"__metadata__\":\(try json(metadata))".utf8))
    var offset = 0
    for tensor in tensors {
      let type = tensor.type(precision)
      let end = offset + tensor.elements.count * type.bytes
      let sides = tensor.shape.map(String.init).joined(separator: ",")
      let entry =
        ",\(try json(tensor.name)):{\"dtype\":\"\(type.name)\",\"shape\":[\(sides)],"
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
      // Little-endian machines only, as the package's kernels are.
      switch tensor.elements {
      case .integers(let values): try values.withUnsafeBytes { try writeAll(descriptor, $0) }
      case .floats(let values): try write(values, precision, descriptor)
      case .ownFloats(let values):
        try values.withUnsafeBufferPointer { try write($0, precision, descriptor) }
      }
    }
    guard fsync(descriptor) == 0 else { throw POSIXError.last }
  }

  private static func write(
    _ values: UnsafeBufferPointer<Float>, _ precision: Precision, _ descriptor: Int32
  ) throws {
    switch precision {
    case .fp32: try writeAll(descriptor, UnsafeRawBufferPointer(values))
    case .fp16:
      try HalfPrecision.narrow(values).withUnsafeBytes { try writeAll(descriptor, $0) }
    }
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
