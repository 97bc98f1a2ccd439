import Foundation

/// Large buffers that were used and can be used again, which spares the system's page faults.
///
/// Any thread may take and give.
final class FreeList<Item>: @unchecked Sendable {  // `items` is behind `lock`
  private let lock = NSLock()
  private var items: [Item] = []

  /// An item that was given, if there is one.
  func take() -> Item? { lock.withLock { items.popLast() } }

  /// Keeps an item that nobody else refers to any more.
  func give(_ item: Item) {
    lock.lock()
    items.append(item)
    lock.unlock()
  }
}
