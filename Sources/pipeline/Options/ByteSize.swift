import ArgumentParser

/// A number of bytes as people write it: `20GB`, `1.5 TB`, `800MB`; units are powers of 1,000, with
/// an i (`GiB`) of 1,024.
struct ByteSize: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    let text = argument.filter { $0 != " " }.lowercased()
    let number = text.prefix { $0.isNumber || $0 == "." }
    var unit = text.dropFirst(number.count)
    if unit.hasSuffix("b") { unit = unit.dropLast() }
    let base = unit.hasSuffix("i") ? 1024.0 : 1000
    if unit.hasSuffix("i") { unit = unit.dropLast() }
    let powers = ["": 0, "k": 1, "m": 2, "g": 3, "t": 4]
    guard let value = Double(number), let power = powers[String(unit)] else { return nil }
    let bytes = (0..<power).reduce(value) { size, _ in size * base }
    guard bytes > 0, bytes < 1e18 else { return nil }
    self.bytes = Int(bytes)
  }
}
