import Corpus
import Foundation
import LogitCache
import ShardStore

/// A small sound folder, which mutations damage: a cache, or a tokenized corpus.
protocol Base<Reader, Item> {
  /// What opens such a folder.
  associatedtype Reader
  /// What a reader answers.
  associatedtype Item: Equatable

  /// For messages.
  var name: String { get }
  /// Where it lies; nobody changes it.
  var folder: URL { get }
  /// Its files.
  var files: [String: [UInt8]] { get }
  /// What it is made of.
  var content: any FolderContent { get }
  /// What a reader reads of it, by what was asked.
  var expected: [String: Item] { get }

  func open(_ folder: URL) throws -> Reader
  func questions(of reader: Reader) -> [Question<Reader, Item>]
  /// What checks an answer for what holds of every number, whoever wrote the file.
  func bounds(of reader: Reader) throws -> (Item) throws -> Void
}

/// What is asked of a reader.
struct Question<Reader, Item> {
  let name: String
  let ask: (Reader) throws -> Item

  init(_ name: String, ask: @escaping (Reader) throws -> Item) {
    self.name = name
    self.ask = ask
  }
}

extension Base {
  /// The files of a folder, without those in folders in it.
  static func files(of folder: URL) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let url = folder.appending(path: name)
      if try url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true { continue }
      files[name] = [UInt8](try Data(contentsOf: url))
    }
    return files
  }

  /// The answers of the sound folder, each within its bounds.
  func answers() throws -> [String: Item] {
    let reader = try open(folder)
    let check = try bounds(of: reader)
    var answers: [String: Item] = [:]
    for question in questions(of: reader) {
      let item = try question.ask(reader)
      try check(item)
      answers[question.name] = item
    }
    return answers
  }

  /// Reads a mutated copy.
  ///
  /// - Parameters:
  ///   - folder: The copy.
  ///   - mutated: The one file that differs, whose name an error has to have; nil where several do,
  ///     or where it may be found in another.
  ///   - mayDiffer: Whether its checksums are right, so that it may be another consistent folder.
  /// - Returns: What came of it.
  func judge(_ folder: URL, mutated: String?, mayDiffer: Bool) -> Tally.Verdict {
    let reader: Reader
    let check: (Item) throws -> Void
    do {
      reader = try open(folder)
      check = try bounds(of: reader)
    } catch {
      return judge(error, folder: folder, mutated: mutated)
    }
    var verdict = Tally.Verdict.harmless
    var different: [String] = []
    for question in questions(of: reader) {
      do {
        let item = try question.ask(reader)
        if item == expected[question.name] { continue }
        different.append(question.name)
        do { try check(item) } catch {
          return .finding("\(question.name): \(error)")
        }
      } catch {
        let found = judge(error, folder: folder, mutated: mutated)
        if case .finding = found { return found }
        verdict = .reported
      }
    }
    if different.isEmpty { return verdict }
    // The stored size is in no digest; the stream whose it is was reported as it was read.
    if verdict == .reported && different == ["sizes"] { return .reported }
    if !mayDiffer { return .finding("other numbers: \(different.joined(separator: ", "))") }
    return verdict == .reported ? .reported : .consistent
  }

  /// An error has to be ours, and to say where.
  private func judge(_ error: any Error, folder: URL, mutated: String?) -> Tally.Verdict {
    guard error is ShardStoreError || error is LogitCacheError || error is CorpusError else {
      return .finding("an error of type \(type(of: error)): \(error)")
    }
    let text = "\(error)"
    guard let mutated else {
      // Not "shards", which any message may have.
      let places = ["shard-0", "tables", "sequences", "manifest.json", folder.path]
      return places.contains(where: text.contains)
        ? .reported : .finding("says not where: \(text)")
    }
    let name = mutated.replacing(".sqlite", with: "")
    let isSaid =
      text.contains(name) || (name == "manifest.json" && text.contains("shard-0"))
      || (name == "manifest.json" && (text.contains("tables") || text.contains(folder.path)))
    return isSaid ? .reported : .finding("does not name \(mutated): \(text)")
  }
}
