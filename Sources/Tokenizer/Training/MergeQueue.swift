/// Pairs that wait to be joined, commonest first, of equally common ones the lowest IDs first.
///
/// Works as the reference's queue, whose order decides the vocabulary:
/// - A candidate keeps the count of its making. Its pair's count may have changed since, which shows
///   when it comes to the front: it then goes back with the new count.
/// - A pair that comes up again while it waits gets a second candidate with its new words only.
///
/// Candidates below the least frequency wait apart, for they come last and mostly never.
///
/// One caller at a time.
struct MergeQueue: ~Copyable {
  /// A pair with words that hold it.
  struct Candidate {
    /// Occurrences when it was queued.
    var count: Int64
    let pair: PairTable.Pair
    /// Index of the pair in the table.
    let index: Int32
    /// How many words hold the pair.
    let wordCount: Int32
    /// Where their numbers begin among all lists.
    var firstWord: Int

    @inline(__always)
    static func precedes(_ left: Candidate, _ right: Candidate) -> Bool {
      left.count != right.count
        ? left.count > right.count
        : left.pair != right.pair ? left.pair < right.pair : left.firstWord < right.firstWord
    }
  }

  private let minFrequency: Int64
  /// A heap in which each candidate has four children.
  private var heap: [Candidate] = []
  /// Candidates below the least frequency, until the heap is empty.
  private var waiting: [Candidate] = []
  private var takesRare = false

  /// An empty queue.
  init(minFrequency: UInt64) {
    self.minFrequency = Int64(clamping: max(1, minFrequency))
  }

  /// Queues a candidate.
  mutating func push(_ candidate: Candidate) {
    guard takesRare || candidate.count >= minFrequency else { return waiting.append(candidate) }
    heap.append(candidate)
    siftUp(from: heap.count - 1)
  }

  /// Takes the commonest candidate off the queue.
  ///
  /// - Parameter counts: Counts of the pairs, by index.
  /// - Returns: The candidate; nil where none is left that occurs often enough.
  mutating func pop(counts: [Int64]) -> Candidate? {
    while true {
      if heap.isEmpty {
        // Rare candidates whose pairs have become common have their turn now.
        guard !takesRare, !waiting.isEmpty else { return nil }
        takesRare = true
        swap(&heap, &waiting)
        for place in stride(from: heap.count / 4, through: 0, by: -1) { siftDown(from: place) }
      }
      let count = counts[Int(heap[0].index)]
      if count == heap[0].count { break }
      heap[0].count = count
      if count < minFrequency, !takesRare {
        waiting.append(heap[0])
        removeFirst()
      } else {
        siftDown(from: 0)
      }
    }
    guard heap[0].count >= minFrequency else { return nil }
    let first = heap[0]
    removeFirst()
    return first
  }

  /// Calls `body` with every candidate that waits.
  mutating func update(_ body: (inout Candidate) -> Void) {
    for index in heap.indices { body(&heap[index]) }
    for index in waiting.indices { body(&waiting[index]) }
  }

  private mutating func removeFirst() {
    let last = heap.removeLast()
    guard !heap.isEmpty else { return }
    heap[0] = last
    siftDown(from: 0)
  }

  private mutating func siftUp(from start: Int) {
    heap.withUnsafeMutableBufferPointer { heap in
      let moved = heap[start]
      var place = start
      while place > 0 {
        let parent = (place - 1) / 4
        guard Candidate.precedes(moved, heap[parent]) else { break }
        heap[place] = heap[parent]
        place = parent
      }
      heap[place] = moved
    }
  }

  private mutating func siftDown(from start: Int) {
    heap.withUnsafeMutableBufferPointer { heap in
      guard start < heap.count else { return }
      let moved = heap[start]
      var place = start
      while 4 * place + 1 < heap.count {
        var best = 4 * place + 1
        for child in best + 1..<max(best + 1, min(best + 4, heap.count))
        where Candidate.precedes(heap[child], heap[best]) {
          best = child
        }
        guard Candidate.precedes(heap[best], moved) else { break }
        heap[place] = heap[best]
        place = best
      }
      heap[place] = moved
    }
  }
}
