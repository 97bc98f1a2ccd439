import Foundation

/// Where an unfinished build stands: enough to go on as if it had never stopped.
///
/// Written after each sealed shard of the main corpus, into the folder of the unfinished build.
struct BuildJournal: Codable, Sendable {
  /// A place in the inputs: everything before it is in the corpus or in the packers.
  struct Place: Codable, Sendable {
    /// Index of the input.
    var file = 0
    /// Where the unit begins in the input's text, and the line feeds before it.
    var byteOffset = 0
    var linesBefore = 0
    /// The text's column in a table, from 0.
    var column = 0
    /// Index of the document in the unit; one past the last is what follows the last document's end,
    /// two past it the end of the file.
    var document = 0
    /// Index of the first ID of the unit that the packer has not taken.
    var id = 0
    /// Tokens of the document that is open where the unit begins.
    var openTokens = 0
    /// Whether there is one.
    var hasOpenDocument = false
    /// Whether the text before the unit ends a sentence.
    var endsSentence = true
  }

  /// What was counted over the whole build.
  struct Totals: Codable, Sendable {
    /// Ill-formed parts of UTF-8 that were replaced.
    var repaired = 0
    /// Lines that were left out.
    var badLines = 0
    /// Documents that were left out because they had been there before.
    var duplicates = 0
    /// Documents without tokens.
    var emptyDocuments = 0
    /// Bytes of text.
    var textBytes = 0
  }

  /// What one of the corpora that are built has so far.
  struct Output: Codable, Sendable {
    /// Documents that gave tokens.
    var documents = 0
    var sequences = 0
    var tokens = 0
    var lengthHistogram: [Int]
    var packer = SequencePacker.State()
    /// Sealed shards.
    var shards: [CorpusManifest.Shard] = []
    /// Occurrences of `[UNK]` in them.
    var unknownTokens = 0
    /// Bytes of the sequences kept beside the shards, because their shard is open.
    var openBytes = 0
  }

  /// What the build is a build of.
  var fingerprint: String
  var place = Place()
  var totals = Totals()
  var outputs: [Output]
  /// Inputs that were read to their end.
  var sources: [CorpusManifest.Source] = []
  /// Hashes of documents kept beside the journal.
  var hashes = 0

  private static let fileName = "journal.json"

  /// Reads the journal of a folder; nil where there is none that can be used.
  static func read(folder: URL) -> BuildJournal? {
    guard let data = try? Data(contentsOf: folder.appending(path: fileName)) else { return nil }
    return try? JSONDecoder().decode(BuildJournal.self, from: data)
  }

  /// Replaces the journal of a folder.
  ///
  /// It is not forced to the disk: after a power failure the shards tell whether it is true, since
  /// their digests are compared before a build goes on.
  ///
  /// - Throws: `ShardStoreError`.
  func write(folder: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try WorkFile.replace(folder.appending(path: BuildJournal.fileName), try encoder.encode(self))
  }
}
