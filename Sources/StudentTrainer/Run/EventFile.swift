import Foundation

/// Appends scalars to an event file of TensorBoard. One owner, one thread.
///
/// The file is a sequence of TFRecord frames: length, masked CRC-32C of the length, bytes, masked
/// CRC-32C of the bytes; numbers are little-endian. The bytes are protobuf messages `Event`.
///
/// - Source: `tensorflow/core/lib/io/record_writer.h`, `tensorflow/core/util/event.proto` and
///   `tensorflow/core/framework/summary.proto`.
final class EventFile {
  private let file: GrowingFile

  /// Opens the file and cuts it to `length` bytes, what a checkpoint knows of; one that is shorter, or
  /// of which nothing is known, begins anew.
  ///
  /// - Throws: `StudentTrainerError.unwritable`.
  init(url: URL, length: UInt64) throws {
    file = try GrowingFile(url: url, length: length, shorter: .beginsAnew)
    // Readers want it first: what the messages after it are.
    if file.isEmpty { try write(event(version: "brain.Event:2")) }
  }

  /// Adds the scalars of a step in one event.
  ///
  /// - Parameters:
  ///   - scalars: Values by tag; TensorBoard groups tags by what stands before a slash.
  ///   - step: Optimiser steps done.
  /// - Throws: `StudentTrainerError.unwritable`.
  func append(_ scalars: [(tag: String, value: Double)], step: Int) throws {
    var summary = ProtobufMessage()
    for (tag, value) in scalars {
      var item = ProtobufMessage()
      item.add(1, text: tag)
      item.add(2, float: Float(value))
      summary.add(1, message: item)
    }
    var event = ProtobufMessage()
    event.add(1, double: Date().timeIntervalSince1970)
    event.add(2, integer: step)
    event.add(5, message: summary)
    try write(event)
  }

  /// Forces the events to the disk and tells how many bytes there are.
  func synchronize() throws -> UInt64 { try file.synchronize() }

  private func event(version: String) -> ProtobufMessage {
    var event = ProtobufMessage()
    event.add(1, double: Date().timeIntervalSince1970)
    event.add(3, text: version)
    return event
  }

  private func write(_ message: ProtobufMessage) throws {
    var frame = Self.bytes(UInt64(message.bytes.count))
    frame += Self.bytes(CRC32C.masked(frame))
    frame += message.bytes
    frame += Self.bytes(CRC32C.masked(message.bytes))
    try file.append(Data(frame))
  }

  private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}

/// The few kinds of protobuf fields that an event has.
private struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ field: Int, integer value: Int) {
    add(key: field, wire: 0)
    add(varint: UInt64(bitPattern: Int64(value)))
  }

  mutating func add(_ field: Int, double value: Double) {
    add(key: field, wire: 1)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func add(_ field: Int, float value: Float) {
    add(key: field, wire: 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func add(_ field: Int, text: String) { add(field, Array(text.utf8)) }

  mutating func add(_ field: Int, message: ProtobufMessage) { add(field, message.bytes) }

  private mutating func add(_ field: Int, _ content: [UInt8]) {
    add(key: field, wire: 2)
    add(varint: UInt64(content.count))
    bytes += content
  }

  private mutating func add(key field: Int, wire: Int) { add(varint: UInt64(field << 3 | wire)) }

  private mutating func add(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// The CRC-32C of Castagnoli, which swift-crypto does not have.
///
/// - Source: RFC 3720, appendix B.4; the mask is that of TFRecord files.
package enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1
    }
  }

  /// The checksum of some bytes.
  package static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
  }

  /// The checksum as a TFRecord file keeps it.
  package static func masked(_ bytes: [UInt8]) -> UInt32 {
    let checksum = checksum(bytes)
    return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }
}
