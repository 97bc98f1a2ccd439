package import Foundation
import Kernels

/// Reads tensors of one safetensors file through a memory map.
///
/// Every offset of the header is checked against the file's size when the file is opened, so that
/// a truncated or forged file is an error and never a trap.
///
/// - Source: huggingface/safetensors, "Format".
package struct Safetensors: Sendable {
  /// Number formats that are read.
  package enum ElementType: String, Sendable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"

    /// Bytes of one element.
    package var bytes: Int {
      switch self {
      case .float64, .int64: 8
      case .float32, .int32: 4
      case .float16, .bfloat16: 2
      }
    }
  }

  /// One entry of the header.
  package struct Entry: Sendable {
    /// The element type as the header spells it.
    package let type: String
    /// The tensor's shape, outermost first; empty for a scalar.
    package let shape: [Int]
    /// Where the tensor's bytes lie in the file.
    let range: Range<Int>
  }

  /// The file that was opened.
  package let url: URL
  /// The header's free-form metadata.
  package let metadata: [String: String]
  private let entries: [String: Entry]
  private let data: Data

  /// Opens a file and checks its header.
  ///
  /// - Throws: `TransformerError.unreadable` or `.badCheckpoint`.
  package init(url: URL) throws {
    self.url = url
    do {
      data = try Data(contentsOf: url, options: .alwaysMapped)
    } catch {
      throw TransformerError.unreadable(file: url, reason: "the file is missing or not readable")
    }
    func damaged(_ reason: String) -> TransformerError {
      .badCheckpoint(file: url, reason: reason)
    }
    guard data.count >= 8 else { throw damaged("it has \(data.count) bytes, less than a header") }
    let declared = data.prefix(8).enumerated().reduce(UInt64(0)) {
      $0 | UInt64($1.element) << UInt64(8 * $1.offset)
    }
    guard declared <= UInt64(data.count - 8) else {
      throw damaged("its header declares \(declared) bytes, the file has \(data.count)")
    }
    let bodyStart = 8 + Int(declared)
    let header = data[data.startIndex + 8..<data.startIndex + bodyStart]
    let parsed: HeaderFields
    do {
      parsed = try JSONDecoder().decode(HeaderFields.self, from: Data(header))
    } catch {
      throw damaged("its header is not valid JSON of tensors")
    }
    metadata = parsed.metadata
    var entries: [String: Entry] = [:]
    for (name, field) in parsed.tensors {
      let offsets = field.dataOffsets
      guard offsets.count == 2, offsets[0] >= 0, offsets[1] >= offsets[0],
        offsets[1] <= data.count - bodyStart
      else {
        throw damaged(
          "\(name) lies at bytes \(offsets) of a body of \(data.count - bodyStart) bytes")
      }
      let size = Self.byteCount(type: field.dtype, shape: field.shape)
      guard size == nil || size == offsets[1] - offsets[0] else {
        throw damaged(
          "\(name) \(field.shape) \(field.dtype) does not fill its \(offsets[1] - offsets[0]) bytes"
        )
      }
      entries[name] = Entry(
        type: field.dtype, shape: field.shape,
        range: bodyStart + offsets[0]..<bodyStart + offsets[1])
    }
    self.entries = entries
  }

  /// Bytes of a tensor, nil for a type that is not read; -1 where the shape is impossible.
  private static func byteCount(type: String, shape: [Int]) -> Int? {
    guard let type = ElementType(rawValue: type) else { return nil }
    var total = type.bytes
    for side in shape {
      let (product, overflow) = total.multipliedReportingOverflow(by: side)
      guard side >= 0, !overflow else { return -1 }
      total = product
    }
    return total
  }

  /// All names, sorted.
  package var tensorNames: [String] { entries.keys.sorted() }

  /// Type and shape of a tensor, or nil where the file has none of that name.
  package func entry(_ name: String) -> Entry? { entries[name] }

  /// The shape of a tensor, or nil where the file has none of that name.
  package func shape(of name: String) -> [Int]? { entries[name]?.shape }

  /// A tensor of any float type, widened or rounded to float.
  ///
  /// - Throws: `TransformerError.missingTensors`, or `.badCheckpoint` for an integer type.
  package func floats(_ name: String) throws -> [Float] {
    try read(name) { type, bytes, count in
      switch type {
      case .float32: Self.load(bytes, count, as: UInt32.self) { Float(bitPattern: $0) }
      case .float16: Self.halves(bytes, count) { HalfPrecision.widen(half: $0, count: count) }
      case .bfloat16: Self.halves(bytes, count) { HalfPrecision.widen(bfloat16: $0, count: count) }
      case .float64: Self.load(bytes, count, as: UInt64.self) { Float(Double(bitPattern: $0)) }
      case .int32, .int64: nil
      }
    }
  }

  /// A float64 or float32 tensor in double precision.
  ///
  /// - Throws: as `floats`.
  package func doubles(_ name: String) throws -> [Double] {
    try read(name) { type, bytes, count in
      switch type {
      case .float64: Self.load(bytes, count, as: UInt64.self) { Double(bitPattern: $0) }
      case .float32: Self.load(bytes, count, as: UInt32.self) { Double(Float(bitPattern: $0)) }
      default: nil
      }
    }
  }

  /// An int64 or int32 tensor.
  ///
  /// - Throws: as `floats`.
  package func integers(_ name: String) throws -> [Int] {
    try read(name) { type, bytes, count in
      switch type {
      case .int64: Self.load(bytes, count, as: UInt64.self) { Int(Int64(bitPattern: $0)) }
      case .int32: Self.load(bytes, count, as: UInt32.self) { Int(Int32(bitPattern: $0)) }
      default: nil
      }
    }
  }

  private func read<Element>(
    _ name: String, _ convert: (ElementType, UnsafeRawBufferPointer, Int) -> [Element]?
  ) throws -> [Element] {
    guard let entry = entries[name] else {
      throw TransformerError.missingTensors(
        file: url, names: [name], hint: "the file holds \(entries.count) others")
    }
    let result: [Element]? = data.withUnsafeBytes { all in
      guard let type = ElementType(rawValue: entry.type) else { return nil }
      let bytes = UnsafeRawBufferPointer(rebasing: all[entry.range])
      return convert(type, bytes, bytes.count / type.bytes)
    }
    guard let result else {
      throw TransformerError.badCheckpoint(
        file: url, reason: "\(name) has element type \(entry.type), which does not fit here")
    }
    return result
  }

  private static func load<Raw: FixedWidthInteger, Element>(
    _ bytes: UnsafeRawBufferPointer, _ count: Int, as raw: Raw.Type, _ convert: (Raw) -> Element
  ) -> [Element] {
    let size = MemoryLayout<Raw>.size
    return (0..<count).map { index in
      convert(Raw(littleEndian: bytes.loadUnaligned(fromByteOffset: index * size, as: raw)))
    }
  }

  /// Copies to an aligned array: a tensor may start at any byte of the file.
  private static func halves(
    _ bytes: UnsafeRawBufferPointer, _ count: Int,
    _ widen: (UnsafePointer<UInt16>) -> [Float]
  ) -> [Float] {
    let copy = load(bytes, count, as: UInt16.self) { $0 }
    return copy.withUnsafeBufferPointer { $0.baseAddress.map(widen) ?? [] }
  }
}

/// The header's JSON: tensors by name, and `__metadata__`.
private struct HeaderFields: Decodable {
  struct Tensor: Decodable {
    let dtype: String
    let shape: [Int]
    let dataOffsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype
      case shape
      case dataOffsets = "data_offsets"
    }
  }

  struct Name: CodingKey {
    let stringValue: String
    let intValue: Int? = nil
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  var metadata: [String: String] = [:]
  var tensors: [String: Tensor] = [:]

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    for key in container.allKeys {
      if key.stringValue == "__metadata__" {
        metadata = try container.decode([String: String].self, forKey: key)
      } else {
        tensors[key.stringValue] = try container.decode(Tensor.self, forKey: key)
      }
    }
  }
}
