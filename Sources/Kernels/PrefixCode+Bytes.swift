import CKernels

extension PrefixCode {
  /// Unpacks columns of short values side by side, in half the time of `decode`.
  ///
  /// - Parameters:
  ///   - codes: The code of each column, 1 to ``sideBySide`` of them.
  ///   - columns: What `encode` gave for each; any bytes are safe.
  ///   - values: Receives `[columns, rows]`.
  /// - Returns: False where `decode` has to be asked: a value is above 255, a code foresees so many
  ///   long values that it is not worth trying, or the bytes of a column are not exactly so many rows.
  /// - Precondition: as many codes as columns, whose number divides that of the values.
  package static func decodeBytes(
    _ codes: ArraySlice<PrefixCode>, _ columns: [UnsafeRawBufferPointer],
    into values: UnsafeMutableBufferPointer<UInt8>
  ) -> Bool {
    precondition(
      (1...sideBySide).contains(columns.count) && codes.count == columns.count
        && values.count.isMultiple(of: columns.count), "\(columns.count) columns")
    guard let target = values.baseAddress, !values.isEmpty else { return false }
    return withUnsafeTemporaryAllocation(
      of: UnsafePointer<decant_prefix_triple>?.self, capacity: columns.count
    ) { triples in
      for index in columns.indices {
        guard let own = codes[codes.startIndex + index].table.triples else { return false }
        triples.initializeElement(at: index, to: own)
      }
      return withColumns(codes, columns) {
        decant_prefix_decode_bytes(
          $0, triples.baseAddress, Int32(columns.count), target, values.count / columns.count) == 0
      }
    }
  }
}
