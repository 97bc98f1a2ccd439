/// The `.idx` file of Megatron-LM's indexed dataset.
///
/// - Source: `megatron/core/datasets/indexed_dataset.py` of Megatron-LM, `_IndexWriter`.
struct MegatronIndex {
  /// Tokens of each sequence.
  let lengths: [Int32]
  /// Bytes of a token in the `.bin` file: 2 (uint16) or 4 (int32).
  let idBytes: Int

  /// Writes header, lengths, byte offsets, and the sequences at which documents begin.
  func write(to file: ExportFile) throws {
    try file.write(Array("MMIDIDX".utf8) + [0, 0])
    try put(UInt64(1), to: file)
    // Codes of numpy types: 8 is uint16, 4 is int32.
    try file.write([idBytes == 2 ? 8 : 4])
    try put(UInt64(lengths.count), to: file)
    try put(UInt64(lengths.count + 1), to: file)
    for length in lengths { try put(length, to: file) }
    var offset: Int64 = 0
    for length in lengths {
      try put(offset, to: file)
      offset += Int64(length) * Int64(idBytes)
    }
    for document in 0...Int64(lengths.count) { try put(document, to: file) }
  }

  private func put(_ value: some FixedWidthInteger, to file: ExportFile) throws {
    try withUnsafeBytes(of: value.littleEndian, file.write)
  }
}
