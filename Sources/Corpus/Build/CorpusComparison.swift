import Crypto
import Foundation
import ShardStore

/// Tells whether a corpus, or an interrupted build of one, is what is being asked for.
struct CorpusComparison {
  let files: [TextFile]
  let options: CorpusOptions
  let header: CorpusHeader
  let isStrict: Bool

  /// The finished corpus in the way, where it is the same; nil where the folder is free.
  ///
  /// - Throws: `CorpusError.folderOccupied`, `.differentCorpus`, and what reading it throws.
  func existing(in folder: URL, isHeldOut: Bool) throws -> CorpusManifest? {
    guard FileManager.default.fileExists(atPath: folder.path) else { return nil }
    let contents = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    guard contents != [] else { return nil }
    guard contents?.contains(CorpusManifest.fileName) == true else {
      throw CorpusError.folderOccupied(folder: folder.path)
    }
    let manifest = try TokenizedCorpus.open(folder: folder).manifest
    var differences = options.differences(from: manifest.options)
    if manifest.tokenizerDigest != header.tokenizerDigest {
      differences.append("tokenizer")
    }
    if (manifest.isHeldOut ?? false) != isHeldOut {
      differences.append(isHeldOut ? "not being held out" : "being held out")
    }
    differences += try sourceDifferences(manifest)
    if isStrict && manifest.repairedUTF8 > 0 {
      differences.append(
        "text that is not UTF-8 (\(manifest.repairedUTF8) places repaired there, strict now)")
    }
    guard differences.isEmpty else {
      throw CorpusError.differentCorpus(folder: folder.path, differences: differences)
    }
    return manifest
  }

  private func sourceDifferences(_ manifest: CorpusManifest) throws -> [String] {
    guard !files.contains(where: \.isStandardInput) else {
      return ["its inputs, with which standard input cannot be compared"]
    }
    guard manifest.sources.count == files.count else {
      return ["inputs (\(files.count) files, there \(manifest.sources.count))"]
    }
    return try zip(files, manifest.sources).compactMap { file, source in
      let (digest, bytes) = try FileSource.digest(path: file.url.path)
      guard digest != source.digest || bytes != source.bytes || file.formatName != source.format
      else { return nil }
      return "input '\(file.name)' (there '\(source.name)', \(source.bytes) bytes)"
    }
  }

  /// What an interrupted build is recognised by; nil where it cannot be gone on with.
  ///
  /// Files count by path, size and time of change, since reading them all takes as long as the build.
  ///
  /// - Throws: `CorpusError.unreadable`.
  func fingerprint(unitBytes: Int) throws -> String? {
    guard !files.contains(where: \.isStandardInput) else { return nil }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var digest = ContentDigest(domain: "decant corpus build 1")
    digest.update([UInt8](try encoder.encode(options)))
    digest.update(header.tokenizerDigest)
    digest.update(isStrict ? "strict" : "repairing")
    digest.update(unitBytes)
    for file in files {
      var status = stat()
      guard stat(file.url.path, &status) == 0 else {
        throw CorpusError.unreadable(file: file.path, reason: systemMessage(errno))
      }
      digest.update(file.url.path)
      digest.update(file.formatName)
      for number in [
        Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(status.st_ino),
      ] { digest.update(number) }
    }
    return digest.finalize()
  }
}
