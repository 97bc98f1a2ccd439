/// Builds one word after another and cuts each into pieces.
///
/// Owns its memory; one caller at a time.
struct WordEncoder: ~Copyable {
  private let model: WordPieceModel
  /// The UTF-8 of the word being built.
  private let bytes: UnsafeMutablePointer<UInt8>
  private(set) var byteCount = 0
  /// Its code points; beyond the limit only the count goes on, since the word is unknown then.
  private(set) var scalarCount = 0

  init(_ model: WordPieceModel) {
    self.model = model
    let capacity = 4 * model.maxInputCharsPerWord + 16
    bytes = .allocate(capacity: capacity)
  }

  deinit { bytes.deallocate() }

  /// Adds a code point, given as the `count` lowest bytes of `utf8`.
  @inline(__always)
  mutating func append(utf8: UInt32, count: Int) {
    if scalarCount < model.maxInputCharsPerWord {
      UnsafeMutableRawPointer(bytes + byteCount).storeBytes(of: utf8.littleEndian, as: UInt32.self)
      byteCount += count
    }
    scalarCount += 1
  }

  /// Adds the letters from a place on, as many as there are and as the word's limit allows.
  ///
  /// - Parameters:
  ///   - text: The text.
  ///   - place: Where to begin, at most the text's end.
  ///   - letters: Of each byte the one that it adds, 0 where it is no ASCII letter.
  /// - Returns: The place behind them.
  @inline(__always)
  mutating func append(
    _ text: UnsafeRawBufferPointer, from place: Int, letters: UnsafePointer<UInt8>
  ) -> Int {
    let count = min(text.count - place, model.maxInputCharsPerWord - scalarCount)
    var added = 0
    while added < count {
      let letter = letters[Int(text[place + added])]
      if letter == 0 { break }
      bytes[byteCount + added] = letter
      added += 1
    }
    if added > 0 {
      byteCount += added
      scalarCount += added
    }
    return place + added
  }

  /// Forgets the word being built.
  @inline(__always)
  mutating func reset() {
    byteCount = 0
    scalarCount = 0
  }

  /// Appends the IDs of the word, if there is one, and starts another.
  @inline(__always)
  mutating func endWord(_ ids: inout OutputBuffer<Int32>) {
    if scalarCount > 0 { encodeWord(&ids) }
  }

  private mutating func encodeWord(_ ids: inout OutputBuffer<Int32>) {
    ids.reserve(byteCount + 1)
    segment(&ids)
    reset()
  }

  private func segment(_ ids: inout OutputBuffer<Int32>) {
    let output = ids.base + ids.count
    var count = 0
    let isKnown = model.segment(bytes, count: byteCount, scalarCount: scalarCount) { id, _ in
      output[count] = id
      count += 1
    }
    if !isKnown {
      output[0] = model.unknownID
      count = 1
    }
    ids.count += count
  }
}
