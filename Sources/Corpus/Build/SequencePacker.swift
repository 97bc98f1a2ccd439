/// Cuts token IDs into bodies of sequences, each of 1 to `maxLength - 2` tokens.
///
/// Takes a document in parts, as units of text give them. Between parts it keeps at most one body of
/// IDs that wait for what follows; these and the place in the present part are all of its state, so
/// that an interrupted build can go on after any body.
struct SequencePacker {
  /// All that the packer knows; kept in the journal of a build.
  struct State: Codable, Equatable {
    /// IDs of earlier parts that are in no body yet.
    var carry: [Int32] = []
    /// Where sentences start among them.
    var carryStarts: [Int] = []
    /// Whether the present document has had its only body.
    var hasBody = false
    /// IDs that were dropped behind only bodies.
    var droppedTokens = 0
  }

  /// What the packer knows.
  var state = State()
  /// Index of the first ID of the present part that is in no body and not carried.
  private(set) var place = 0

  private let bodyLength: Int
  private let cut: CutPoint
  private let onePerDocument: Bool
  /// By ID: whether a token goes on with the word before; empty where cuts do not ask.
  private let isContinuation: [Bool]

  /// - Parameters:
  ///   - options: Length, cut, and whether a document gives one body only.
  ///   - isContinuation: By ID: whether a token goes on with the word before it.
  init(options: CorpusOptions, isContinuation: [Bool]) {
    precondition(options.maxLength >= 3, "a sequence holds [CLS], a token and [SEP]")
    bodyLength = options.maxLength - 2
    cut = options.cut
    onePerDocument = options.onePerDocument
    self.isContinuation = isContinuation
  }

  /// Turns to another part, from an index on.
  mutating func begin(at index: Int) { place = index }

  /// The next body that is certain, or nil where more of the document is needed to tell.
  ///
  /// - Parameters:
  ///   - part: The present document's IDs in a unit, as a slice with the unit's indices.
  ///   - starts: The unit's indices where sentences start, ascending.
  /// - Returns: 1 to `maxLength - 2` IDs.
  mutating func next(_ part: ArraySlice<Int32>, sentenceStarts starts: [Int32]) -> ArraySlice<
    Int32
  >? {
    if onePerDocument && state.hasBody {
      state.droppedTokens += part.endIndex - place
      place = part.endIndex
      return nil
    }
    guard !state.carry.isEmpty else {
      guard part.endIndex - place > bodyLength else {
        state.carryStarts = indices(of: starts, in: place..<part.endIndex).map { $0 - place }
        state.carry = Array(part[place...])
        place = part.endIndex
        return nil
      }
      let end =
        place
        + cutLength(
          isWordStart: { isWordStart(part[place + $0]) },
          lastSentence: cut == .sentence ? lastStart(starts, from: place) : nil)
      defer { place = end }
      state.hasBody = true
      return part[place..<end]
    }
    let taken = min(bodyLength + 1 - state.carry.count, part.endIndex - place)
    state.carryStarts += indices(of: starts, in: place..<place + taken).map {
      $0 - place + state.carry.count
    }
    state.carry += part[place..<place + taken]
    place += taken
    guard state.carry.count > bodyLength else { return nil }
    let carry = state.carry
    let length = cutLength(
      isWordStart: { isWordStart(carry[$0]) },
      lastSentence: state.carryStarts.last { $0 > 0 && $0 <= bodyLength })
    let rest = carry.count - length
    state.hasBody = true
    if onePerDocument {
      state.droppedTokens += rest
      state.carry = []
      state.carryStarts = []
    } else if rest <= taken {
      // What is left is in the present part, where it can be cut without a copy.
      place -= rest
      state.carry = []
      state.carryStarts = []
    } else {
      state.carry = Array(carry[length...])
      state.carryStarts = state.carryStarts.compactMap { $0 >= length ? $0 - length : nil }
    }
    return carry[..<length]
  }

  /// The last body, as the end of a document or file makes it; nil where nothing is left.
  mutating func flush() -> ArraySlice<Int32>? {
    defer {
      state.carry = []
      state.carryStarts = []
    }
    return state.carry.isEmpty ? nil : state.carry[...]
  }

  /// Ends a document: the next one may have a body of its own.
  mutating func endDocument() { state.hasBody = false }

  /// How many tokens the body has that begins here and could have more than `bodyLength`.
  private func cutLength(isWordStart: (Int) -> Bool, lastSentence: Int?) -> Int {
    switch cut {
    case .token:
      return bodyLength
    case .sentence where lastSentence != nil:
      return lastSentence ?? bodyLength
    case .word, .sentence:
      var length = bodyLength
      while length > 0, !isWordStart(length) { length -= 1 }
      // A word longer than a sequence is cut where the length ends.
      return length > 0 ? length : bodyLength
    }
  }

  private func isWordStart(_ id: Int32) -> Bool { !isContinuation[Int(id)] }

  /// The last start after `place` that a body from there on may reach, counted from `place`.
  private func lastStart(_ starts: [Int32], from place: Int) -> Int? {
    let end = firstIndex(in: starts, notBelow: place + bodyLength + 1)
    guard end > 0, Int(starts[end - 1]) > place else { return nil }
    return Int(starts[end - 1]) - place
  }

  private func indices(of starts: [Int32], in range: Range<Int>) -> [Int] {
    guard cut == .sentence else { return [] }
    let first = firstIndex(in: starts, notBelow: range.lowerBound)
    let end = firstIndex(in: starts, notBelow: range.upperBound)
    return starts[first..<end].map(Int.init)
  }

  private func firstIndex(in starts: [Int32], notBelow value: Int) -> Int {
    var (low, high) = (0, starts.count)
    while low < high {
      let middle = (low + high) / 2
      if Int(starts[middle]) < value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
