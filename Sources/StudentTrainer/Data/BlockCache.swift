import Synchronization

/// Keeps the blocks used last, so that the batches of a window decode each block once.
final class BlockCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct State {
    var values: [Key: (value: Value, used: Int)] = [:]
    var clock = 0
  }

  private let capacity: Int
  private let load: @Sendable (Key) throws -> Value
  private let state = Mutex(State())

  /// A cache of at most `capacity` blocks.
  init(capacity: Int, load: @escaping @Sendable (Key) throws -> Value) {
    precondition(capacity > 0, "a cache of no block")
    self.capacity = capacity
    self.load = load
  }

  /// The block, loaded where it is not at hand.
  func value(_ key: Key) throws -> Value {
    try state.withLock { state in
      state.clock += 1
      if let found = state.values[key]?.value {
        state.values[key]?.used = state.clock
        return found
      }
      let value = try load(key)
      if state.values.count >= capacity,
        let oldest = state.values.min(by: { $0.value.used < $1.value.used })
      {
        state.values[oldest.key] = nil
      }
      state.values[key] = (value, state.clock)
      return value
    }
  }
}
