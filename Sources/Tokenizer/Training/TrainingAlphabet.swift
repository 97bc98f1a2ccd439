/// The characters that a vocabulary is built from.
struct TrainingAlphabet {
  /// Code points of the alphabet, ascending.
  private(set) var kept: [UInt32] = []
  /// Code points that occur after the first place of a word, ascending.
  private(set) var continuing: [UInt32] = []
  /// Code points of the text that the limit leaves out, ascending.
  private(set) var dropped: [UInt32] = []
  /// How often those occur.
  private(set) var droppedOccurrences: UInt64 = 0

  /// Counts characters and keeps the commonest.
  init(of words: WordCounts, limit: Int, initial: String) {
    var occurrences = [UInt64](repeating: 0, count: 0x11_0000)
    var continues = [Bool](repeating: false, count: 0x11_0000)
    var symbols = WordScalars(words)
    while let (scalar, word, isFirst) = symbols.next() {
      occurrences[Int(scalar)] += words.counts[word]
      if !isFirst { continues[Int(scalar)] = true }
    }
    let required = Set(initial.unicodeScalars.map(\.value))
    var found = (0..<UInt32(0x11_0000)).filter { occurrences[Int($0)] > 0 || required.contains($0) }
    continuing = found.filter { continues[Int($0)] }
    if found.count > limit {
      func rank(_ scalar: UInt32) -> UInt64 {
        required.contains(scalar) ? .max : occurrences[Int(scalar)]
      }
      found.sort { (rank($0), $1) > (rank($1), $0) }
      dropped = found[limit...].filter { occurrences[Int($0)] > 0 }.sorted()
      droppedOccurrences = dropped.reduce(0) { $0 + occurrences[Int($1)] }
    }
    kept = found.prefix(limit).sorted()
  }
}

/// The code points of words, one after another.
struct WordScalars {
  private let words: WordCounts
  private var word = 0
  private var place = 0

  init(_ words: WordCounts) { self.words = words }

  /// The next code point, the index of its word, and whether it is the word's first.
  mutating func next() -> (scalar: UInt32, word: Int, isFirst: Bool)? {
    guard place < words.bytes.count else { return nil }
    if place == words.starts[word + 1] { word += 1 }
    let isFirst = place == words.starts[word]
    let step = words.bytes.withUnsafeBytes { UTF8Decoder.step($0, at: place) }
    place += step.length
    return (step.scalar, word, isFirst)
  }
}
