import CKernels

/// A prefix code for unsigned values below 2^24, fixed beforehand.
///
/// Values are grouped into symbols of about equal logarithm, with extra bits for the place within a
/// symbol; `docs/FORMAT.md` gives symbols and packing. What the code does not foresee costs its
/// escape and 24 bits.
///
/// Immutable: any number of threads may use it.
package struct PrefixCode: Sendable, Equatable {
  /// Number of symbols, the escape included.
  package static let symbolCount = Int(DECANT_PREFIX_SYMBOLS)

  /// The first number that has no place in a stream.
  package static let limit: UInt32 = 1 << 24

  /// Bits of each symbol's code, 0 for a symbol without one.
  package let lengths: [UInt8]
  private let codes: [UInt16]
  let table: Table

  /// The look-up tables of a decoder; owns their memory.
  final class Table: @unchecked Sendable {  // written before anyone else has it
    let entries: UnsafeMutablePointer<decant_prefix_entry>
    private let storedTriples: UnsafeMutablePointer<decant_prefix_triple>
    private let hasTriples: Bool

    /// For columns of short values; nil where the code is for others.
    var triples: UnsafePointer<decant_prefix_triple>? {
      hasTriples ? UnsafePointer(storedTriples) : nil
    }

    init(lengths: [UInt8], codes: [UInt16]) {
      entries = .allocate(capacity: 1 << Int(DECANT_PREFIX_BITS))
      storedTriples = .allocate(capacity: 1 << Int(DECANT_TRIPLE_BITS))
      decant_prefix_table(lengths, codes, entries)
      hasTriples = decant_prefix_triples(lengths, entries, storedTriples) == 0
    }

    deinit {
      entries.deallocate()
      storedTriples.deallocate()
    }
  }

  /// Whether both have the same lengths, from which all else follows.
  package static func == (left: PrefixCode, right: PrefixCode) -> Bool {
    left.lengths == right.lengths
  }

  /// The code of these lengths; nil where they are none.
  package init?(lengths: [UInt8]) {
    guard lengths.count == Self.symbolCount else { return nil }
    var codes = [UInt16](repeating: 0, count: Self.symbolCount)
    guard decant_prefix_codes(lengths, &codes) == 0 else { return nil }
    self.init(lengths: lengths, codes: codes)
  }

  /// The best code for values as frequent as these.
  ///
  /// - Parameter values: A sample, each below ``limit``.
  package init(sample values: some Sequence<UInt32>) {
    var counts = [Double](repeating: 0, count: Self.symbolCount)
    for value in values { counts[Self.symbol(of: value)] += 1 }
    // What lies between values that were seen may well come.
    let last = counts.lastIndex { $0 > 0 } ?? 0
    for symbol in 0...last { counts[symbol] += 0.25 }
    counts[Int(DECANT_PREFIX_ESCAPE)] += 0.25
    let lengths = CodeLengths.lengths(counts: counts, longest: Int(DECANT_PREFIX_BITS))
    var codes = [UInt16](repeating: 0, count: Self.symbolCount)
    let failed = decant_prefix_codes(lengths, &codes)
    precondition(failed == 0, "lengths of a prefix code")
    self.init(lengths: lengths, codes: codes)
  }

  private init(lengths: [UInt8], codes: [UInt16]) {
    self.lengths = lengths
    self.codes = codes
    table = Table(lengths: lengths, codes: codes)
  }

  /// The symbol of a value.
  ///
  /// - Precondition: `value < limit`.
  package static func symbol(of value: UInt32) -> Int {
    precondition(value < limit, "\(value) is no value of a prefix code")
    return Int(decant_prefix_symbol(value))
  }

  /// The packed values.
  ///
  /// - Precondition: Each is below ``limit``.
  package func encode(_ values: UnsafeBufferPointer<UInt32>) -> [UInt8] {
    for value in values { precondition(value < Self.limit, "\(value) is too large") }
    return [UInt8](unsafeUninitializedCapacity: 5 * values.count + 8) { bytes, count in
      guard let source = values.baseAddress, let target = bytes.baseAddress else { return }
      count = decant_prefix_encode(source, values.count, lengths, codes, target)
    }
  }

  /// Unpacks values.
  ///
  /// - Parameters:
  ///   - bytes: What `encode` gave; any bytes are safe.
  ///   - values: Receives as many values as it has room for, each below ``limit``.
  /// - Returns: False where the bytes are not exactly so many values.
  package func decode(
    _ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<UInt32>
  ) -> Bool {
    Self.decode([self], [bytes], into: values) == nil
  }

  /// Columns that `decode` takes at once at most; so many cost little more time than one.
  package static let sideBySide = Int(DECANT_PREFIX_SIDE_BY_SIDE)

  /// Unpacks columns side by side.
  ///
  /// - Parameters:
  ///   - codes: The code of each column, 1 to ``sideBySide`` of them.
  ///   - columns: What `encode` gave for each; any bytes are safe.
  ///   - values: Receives `[rows, columns]`, each below ``limit``.
  /// - Returns: nil, or the first column found whose bytes are not exactly so many rows.
  /// - Precondition: as many codes as columns, whose number divides that of the values.
  package static func decode(
    _ codes: ArraySlice<PrefixCode>, _ columns: [UnsafeRawBufferPointer],
    into values: UnsafeMutableBufferPointer<UInt32>
  ) -> Int? {
    precondition(
      (1...sideBySide).contains(columns.count) && codes.count == columns.count
        && values.count.isMultiple(of: columns.count), "\(columns.count) columns")
    guard let target = values.baseAddress, !values.isEmpty else {
      return columns.firstIndex { !$0.isEmpty }
    }
    return withColumns(codes, columns) { list in
      let failed = decant_prefix_decode(
        list, Int32(columns.count), target, values.count / columns.count)
      return failed == 0 ? nil : Int(failed) - 1
    }
  }

  /// Gives a body the columns as the C functions take them.
  static func withColumns<Result>(
    _ codes: ArraySlice<PrefixCode>, _ columns: [UnsafeRawBufferPointer],
    _ body: (UnsafePointer<decant_prefix_column>?) -> Result
  ) -> Result {
    withUnsafeTemporaryAllocation(of: decant_prefix_column.self, capacity: columns.count) { list in
      for index in columns.indices {
        list.initializeElement(
          at: index,
          to: decant_prefix_column(
            bytes: columns[index].baseAddress?.assumingMemoryBound(to: UInt8.self),
            size: columns[index].count, table: codes[codes.startIndex + index].table.entries))
      }
      return withExtendedLifetime(codes) { body(UnsafePointer(list.baseAddress)) }
    }
  }
}

/// Lengths of the best prefix code of bounded length.
enum CodeLengths {
  /// A set of symbols whose codes grow by one bit together.
  private struct Package {
    var weight: Double
    var symbols: [Int]
  }

  /// The lengths that make the sum of count times length least; 0 where the count is 0.
  ///
  /// - Source: Larmore and Hirschberg 1990, the package-merge algorithm.
  /// - Precondition: at least one count is above 0, and the longest code has room for them all.
  static func lengths(counts: [Double], longest: Int) -> [UInt8] {
    var lengths = [UInt8](repeating: 0, count: counts.count)
    let leaves = counts.indices.filter { counts[$0] > 0 }
      .map { Package(weight: counts[$0], symbols: [$0]) }
      .sorted { ($0.weight, $0.symbols[0]) < ($1.weight, $1.symbols[0]) }
    precondition(!leaves.isEmpty && leaves.count <= 1 << longest, "\(leaves.count) symbols")
    if leaves.count == 1 {
      lengths[leaves[0].symbols[0]] = 1
      return lengths
    }
    var packages: [Package] = []
    for _ in 0..<longest {
      let pairs = stride(from: 0, to: packages.count - 1, by: 2).map {
        Package(
          weight: packages[$0].weight + packages[$0 + 1].weight,
          symbols: packages[$0].symbols + packages[$0 + 1].symbols)
      }
      packages = merge(leaves, pairs)
    }
    for package in packages.prefix(2 * (leaves.count - 1)) {
      for symbol in package.symbols { lengths[symbol] += 1 }
    }
    return lengths
  }

  /// Both sorted lists as one; leaves go first where weights are equal.
  private static func merge(_ leaves: [Package], _ pairs: [Package]) -> [Package] {
    var merged: [Package] = []
    merged.reserveCapacity(leaves.count + pairs.count)
    var (i, j) = (0, 0)
    while i < leaves.count || j < pairs.count {
      let takesLeaf =
        j == pairs.count || (i < leaves.count && leaves[i].weight <= pairs[j].weight)
      if takesLeaf {
        merged.append(leaves[i])
        i += 1
      } else {
        merged.append(pairs[j])
        j += 1
      }
    }
    return merged
  }
}
