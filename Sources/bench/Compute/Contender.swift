import Foundation

/// A program that does a piece of work over and over.
protocol Contender {
  /// Whose program it is.
  var name: String { get }
  /// Does the work once more and tells how much of it a second: one turn.
  func rate() throws -> Double
}

/// Programs that do the same work, turn by turn, so that the machine's moods meet them all.
enum Rounds {
  /// Threads of a program that has had its turn spin for a moment; the next one waits for that.
  private static let pause = 0.05

  /// The median rate of each program.
  ///
  /// - Parameters:
  ///   - contenders: The programs.
  ///   - rounds: Turns of each that count; one more goes before them.
  /// - Returns: As many rates as programs.
  /// - Throws: What a program throws.
  static func medians(_ contenders: [any Contender], rounds: Int) throws -> [Double] {
    var rates = contenders.map { _ in [Double]() }
    for round in 0...rounds {
      for (index, contender) in contenders.enumerated() {
        Thread.sleep(forTimeInterval: pause)
        let rate = try contender.rate()
        if round > 0 { rates[index].append(rate) }
      }
    }
    return rates.map(Stopwatch.median)
  }
}
