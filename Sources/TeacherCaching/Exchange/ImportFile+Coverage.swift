import Foundation
import LogitCache

/// Whether files belong together, by their headers.
extension ImportFile {
  /// The entries of the head, which all files have.
  ///
  /// - Throws: `LogitCacheError.badImport` where they differ, states are missing, or there is no file.
  static func headK(of files: [ImportFile], folder: URL, wantsStates: Bool) throws -> Int {
    guard let first = files.first else {
      throw LogitCacheError.badImport(file: folder.path, reason: "there is no .safetensors file.")
    }
    for file in files {
      if file.headK != first.headK {
        throw LogitCacheError.badImport(
          file: file.url.path,
          reason: "k is \(file.headK), but \(first.headK) in \(first.url.path).")
      }
      if wantsStates && !file.hasStates {
        throw LogitCacheError.badImport(
          file: file.url.path, reason: "the tensor 'states' [rows, hidden_size] is missing.")
      }
    }
    return first.headK
  }

  /// Every block of every replica is in one file, and no file goes over a shard's end.
  static func checkCoverage(
    _ files: [ImportFile], folder: URL, blocksPerShard: [Int], replicas: Int
  ) throws {
    var next = 0
    let total = blocksPerShard.reduce(0, +)
    let ends = Set(blocksPerShard.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) })
    for file in files {
      let start = file.replica * total + file.firstBlock
      guard start == next, file.replica < replicas else {
        throw LogitCacheError.badImport(
          file: file.url.path,
          reason: start < next || file.replica >= replicas
            ? "its blocks are in another file too, or not in the corpus."
            : "block \(next % total) of replica \(next / total) is in no file before it.")
      }
      let inside = file.firstBlock + 1..<file.firstBlock + file.blocks
      guard file.firstBlock + file.blocks <= total, ends.isDisjoint(with: inside) else {
        throw LogitCacheError.badImport(
          file: file.url.path, reason: "its blocks are not those of one shard of the corpus.")
      }
      next += file.blocks
    }
    guard next == replicas * total else {
      throw LogitCacheError.badImport(
        file: folder.path,
        reason: "block \(next % total) of replica \(next / total), and what follows, is in no file."
      )
    }
  }
}
