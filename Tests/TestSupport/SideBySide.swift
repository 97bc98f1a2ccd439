import Foundation

/// Work on threads of its own, all at once however few processors there are.
///
/// `DispatchQueue.concurrentPerform` may do the pieces one after the other, which is no test of
/// processes or writers that meet.
package enum SideBySide {
  /// Runs pieces of work, and waits for all.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - body: Called with the number of the piece, on its thread.
  package static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for number in 0..<count {
      group.enter()
      Thread.detachNewThread {
        body(number)
        group.leave()
      }
    }
    group.wait()
  }
}
