import Corpus
import Foundation
import Tokenizer

let path = CommandLine.arguments[1]
let rounds = Int(CommandLine.arguments[2]) ?? 3
let tokenizer = try WordPieceTokenizer.load(folder: URL(filePath: CommandLine.arguments[3]))
let text = try Data(contentsOf: URL(filePath: path))
func cpu() -> Double {
  var u = rusage()
  getrusage(__rusage_who_t(0), &u)
  return Double(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + Double(
    u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6
}
func measure(_ name: String, _ body: () throws -> Void) rethrows {
  let (start, c) = (ContinuousClock.now, cpu())
  try body()
  let t = ContinuousClock.now - start
  let s = Double(t.components.seconds) + Double(t.components.attoseconds) * 1e-18
  print(
    name,
    String(
      format: "%.3f s wall, %.3f s cpu, %.1f MB/s wall, %.1f MB/s cpu", s, cpu() - c,
      Double(text.count) / s / 1e6, Double(text.count) / (cpu() - c) / 1e6))
}
func bare(_ bytes: UnsafeRawBufferPointer) -> Int {
  let encoder = tokenizer.makeTokenIDEncoder()
  var ids: [Int32] = []
  ids.reserveCapacity(1 << 20)
  var total = 0
  var place = 0
  while place < bytes.count {
    var end = min(place + (1 << 20), bytes.count)
    while end < bytes.count, bytes[end - 1] != 10 { end += 1 }
    ids.removeAll(keepingCapacity: true)
    encoder.appendTokenIDs(ofUTF8: UnsafeRawBufferPointer(rebasing: bytes[place..<end]), to: &ids)
    total += ids.count
    place = end
  }
  return total
}
for round in 0..<rounds {
  text.withUnsafeBytes { bytes in
    measure("bare 1") { _ = bare(bytes) }
    nonisolated(unsafe) let b = bytes
    measure("bare 2") {
      DispatchQueue.concurrentPerform(iterations: 2) { i in
        _ = bare(
          UnsafeRawBufferPointer(rebasing: i == 0 ? b[..<(b.count / 2)] : b[(b.count / 2)...]))
      }
    }
  }
  for jobs in [1, 2] {
    let folder = URL(filePath: "/tmp/c/bench-out")
    try? FileManager.default.removeItem(at: folder)
    try measure("command --jobs \(jobs)") {
      _ = try CorpusBuilder(tokenizer: tokenizer, jobs: jobs).build(
        inputs: [URL(filePath: path)], into: folder)
    }
    try? FileManager.default.removeItem(at: folder)
  }
  _ = round
}
