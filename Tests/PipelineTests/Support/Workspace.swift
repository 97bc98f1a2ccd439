import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Text, corpus, teacher, cache and student, made once by the program itself for all tests.
///
/// Nothing writes here after it is made: a test that changes a file copies it first.
struct Workspace {
  /// Tokens of a shard; small, so that the corpus has several shards of several blocks.
  static let shardTokens = 12000
  /// Tokens of a sequence at most.
  static let maxLength = 32

  let text: String
  let heldOutText: String
  let vocabulary: String
  let corpus: String
  let heldOut: String
  let teacher: String
  let cache: String
  let student: String
  /// What each command of the main job said on standard error, by its name.
  private(set) var said: [String: String] = [:]

  /// The workspace, made at the first use.
  ///
  /// - Throws: What went wrong while it was made, for every test alike.
  static func shared() throws -> Workspace { try made.get() }

  private static let made = Result { try Workspace(folder: temporaryFolder()) }

  /// `tokenize` with the sizes of the tests.
  static func tokenize(_ text: String, vocabulary: String, output: String) -> [String] {
    [
      "tokenize", text, "--tokenizer", vocabulary, "--output", output, "--max-length",
      "\(maxLength)", "--shard-tokens", "\(shardTokens)",
    ]
  }

  /// `cache-teacher` into a folder.
  func cacheTeacher(output: String, _ options: [String] = []) -> [String] {
    ["cache-teacher", "--teacher", teacher, "--corpus", corpus, "--output", output]
      + ["--threads", "1"] + options
  }

  /// `train-student` from the cache, one layer that starts from the teacher's.
  func trainStudent(output: String, _ options: [String] = []) -> [String] {
    // Options that name caches name all of them: several would be an ensemble.
    let caches = options.contains("--from-cache") ? [] : ["--from-cache", cache]
    return ["train-student"] + caches + ["--init-from", teacher, "--layers", "1"]
      + ["--output", output] + Self.training(steps: 12) + options
  }

  /// Options of a short training run.
  static func training(steps: Int) -> [String] {
    ["--steps", "\(steps)", "--batch-tokens", "1024", "--threads", "1"]
  }

  private init(folder: String) throws {
    text = "\(folder)/train.txt"
    heldOutText = "\(folder)/held-out.txt"
    vocabulary = "\(folder)/vocab.txt"
    (corpus, heldOut) = ("\(folder)/corpus", "\(folder)/held-out")
    (teacher, cache, student) = ("\(folder)/teacher", "\(folder)/cache", "\(folder)/student")
    let lines = try SmallText.lines("train.txt.gz", count: 400)
    try Data(lines.utf8).write(to: URL(filePath: text))
    try Data(SmallText.lines("heldout.txt.gz", count: 60).utf8)
      .write(to: URL(filePath: heldOutText))
    let words = SmallText.vocabulary(of: lines, words: 300)
    try Data((words.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: vocabulary))
    try Pipeline.succeed(Self.tokenize(heldOutText, vocabulary: vocabulary, output: heldOut))
    let trainTeacher =
      ["train-teacher", "--corpus", corpus, "--output", teacher, "--layers", "2"]
      + ["--hidden-size", "32", "--heads", "2", "--positions", "64"] + Self.training(steps: 30)
    for command in [
      Self.tokenize(text, vocabulary: vocabulary, output: corpus), trainTeacher,
      cacheTeacher(output: cache), trainStudent(output: student),
    ] {
      said[command[0]] = try Pipeline.succeed(command).errors
    }
  }

  /// A folder that is removed when the process of the tests ends.
  private static func temporaryFolder() throws -> String {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(atPath: Workspace.path) }
    return path
  }

  private static let path = FileManager.default.temporaryDirectory.appending(
    path: "pipeline-tests-\(UUID().uuidString)"
  ).path
}
