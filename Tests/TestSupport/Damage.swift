import Foundation
import ShardStore

/// Damages a sealed shard as a failing disk would.
package enum Damage {
  /// No byte of the file damages that stream alone.
  package struct NoPlace: Error, CustomStringConvertible {
    package let description: String
  }

  /// Flips a bit inside the stored payload of one stream, and of no other.
  ///
  /// - Throws: `NoPlace` where no byte of the file does that.
  package static func flip(shard path: String, block: Int, stream: String) throws {
    let url = URL(filePath: path)
    let whole = try Data(contentsOf: url)
    let before = try damagedStreams(url)
    // A payload that is compressed begins with the magic number of an LZ4 frame; its data lie behind
    // a header of at most 19 bytes. Another one is the stream itself.
    let content = try ShardReader(url: url).stream(stream, block: block)
    for beginning in [Data([0x04, 0x22, 0x4D, 0x18]), Data(content.prefix(48))] {
      var start = whole.startIndex
      while let found = whole.range(of: beginning, in: start..<whole.endIndex) {
        start = found.upperBound
        let place = found.lowerBound + 24
        guard place < whole.endIndex else { break }
        var bytes = whole
        bytes[place] ^= 0x10
        try bytes.write(to: url)
        if (try? damagedStreams(url)) == (before + ["\(block) \(stream)"]).sorted() { return }
      }
    }
    try whole.write(to: url)
    throw NoPlace(description: "no payload of \(stream) of block \(block) in \(path)")
  }

  /// The streams that cannot be read, as block and name.
  private static func damagedStreams(_ url: URL) throws -> [String] {
    let reader = try ShardReader(url: url)
    return (-1..<reader.blockCount).flatMap { block in
      reader.streamNames(block: block).filter { (try? reader.stream($0, block: block)) == nil }
        .map { "\(block) \($0)" }
    }.sorted()
  }
}
