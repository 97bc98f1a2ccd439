import ArgumentParser

/// Numbers as `0,2` or `0-3,7`, ascending.
struct NumberList: ExpressibleByArgument {
  let numbers: [Int]

  /// Nil where the text is no such list.
  init?(argument: String) {
    var numbers: [Int] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
        first >= 0, first <= last, last < 1_000_000
      else { return nil }
      numbers += Array(first...last)
    }
    guard Set(numbers).count == numbers.count else { return nil }
    self.numbers = numbers.sorted()
  }
}
