import Testing
import pipeline

/// Options from a file: how its text is read, and how it joins what the command line says.
struct ConfigFileTests {
  static let options = CommandOptions(
    command: "train",
    options: [
      .init(["layers"]), .init(["learning-rate"]), .init(["init-layers"]),
      .init(["weight-format", "weights"]), .init(["from-cache"], isRepeating: true),
      .init(["hard-labels"], isFlag: true), .init(["warm"], isFlag: true),
      .init(["no-warm"], isFlag: true),
    ])

  func arguments(_ text: String, given: Set<String> = []) throws -> [String] {
    try ConfigArguments.arguments(
      ConfigFile(text: text, path: "run.yaml"), for: Self.options, leavingOut: given)
  }

  func message(_ text: String) -> String {
    do {
      return "no error: \(try arguments(text))"
    } catch {
      return "\(error)"
    }
  }

  @Test func valuesBecomeArgumentsAsTheyAreWritten() throws {
    let text = """
      # a comment
      layers: 3
      learning-rate: 5e-4
      init-layers: [0, 2, 4]
      from-cache:
        - one
        - "two: 2"
      hard-labels: true
      warm: no
      """
    #expect(
      try arguments(text) == [
        "--layers=3", "--learning-rate=5e-4", "--init-layers=0,2,4", "--from-cache=one",
        "--from-cache=two: 2", "--hard-labels", "--no-warm",
      ])
    #expect(try arguments("hard-labels: off\nlayers: ~\nfrom-cache: []\ninit-layers:") == [])
    #expect(try arguments("learning-rate: -1") == ["--learning-rate=-1"])
    #expect(try arguments("base: &a 3\n".replacing("base", with: "layers")) == ["--layers=3"])
    #expect(try arguments("") == [])
    #expect(try arguments("# nothing\n") == [])
  }

  @Test func whatTheCommandLineNamesGoesBeforeTheFileAndListsAreReplaced() throws {
    let text = "layers: 3\nfrom-cache: [a, b]\nweights: fp16\nhard-labels: true"
    #expect(
      try arguments(text, given: ["from-cache", "weight-format"])
        == ["--layers=3", "--hard-labels"])
    #expect(try arguments(text, given: ["layers", "hard-labels"]).count == 3)
  }

  @Test(arguments: [
    ("layers: 3\n\nlayer: 4", "line 3, 'layer': 'train' has no such option; did you mean 'layers'"),
    ("learning_rate: 1", "did you mean 'learning-rate'"), ("--layers: 1", "did you mean 'layers'"),
    ("quite-other: 1", "'quite-other': 'train' has no such option"),
    ("config: other.yaml", "'config': 'train' has no such option"),
    ("hard-labels: maybe", "line 1, 'hard-labels': is a switch: true or false, not 'maybe'"),
    ("hard-labels: [true]", "is a switch"), ("layers: {a: 1}", "takes a value, not a mapping"),
    ("from-cache: [[a]]", "nothing deeper"),
    (
      "weights: fp16\nweight-format: fp32",
      "line 2, 'weight-format': is the same option as 'weights'"
    ),
    ("layers: 3\nlayers: 4", "'layers' stands twice"), ("- layers\n- 3", "no mapping"),
    ("layers", "no mapping"), ("layers: 3\n  heads: 4", "not YAML: line 2"),
    ("layers: [3", "not YAML: line"), ("layers: 3\n---\nlayers: 4", "another document"),
    ("? [a]\n: 1", "a key is no text"),
  ])
  func whatIsWrongIsSaidWithItsPlace(text: String, expected: String) {
    let message = message(text)
    #expect(message.contains(expected), "\(message)")
    #expect(message.contains("run.yaml"), "\(message)")
  }

  @Test func aFileThatGrowsWithItsAliasesIsRefused() {
    let lines = (1...9).map { level in
      let alias = "*a\(level - 1), "
      return "a\(level): &a\(level) [\(String(repeating: alias, count: 8))*a\(level - 1)]"
    }
    let message = message((["a0: &a0 [x, x]"] + lines).joined(separator: "\n"))
    #expect(message.contains("more than"), "\(message)")
  }

  @Test func whatIsWrittenReadsAsItWas() throws {
    let entries: [ConfigEntry] = [
      .init("layers", .scalar("3")), .init("text", .scalar("null")), .init("empty", .scalar("")),
      .init("colon", .scalar("a: b # c")), .init("dash", .scalar("- x")), .init("none", .null),
      .init("words", .scalar("Käse \"quoted\" 'too'\nsecond line")), .init("yes", .scalar("true")),
      .init("list", .list([.scalar("a, b"), .scalar("linear:5:1"), .scalar("~")])),
      .init("long", .scalar(String(repeating: "word ", count: 60) + "end")),
      .init("deep", .mapping([.init("k", .list([]))])),
    ]
    let text = try ConfigFile.text(entries)
    let read = try ConfigFile(text: text, path: "x").entries.map {
      ConfigEntry($0.key, plain($0.value))
    }
    #expect(read == entries, "\(text)")
    #expect(try ConfigFile(text: ConfigFile.text([]), path: "x").entries == [])
  }

  private func plain(_ value: ConfigValue) -> ConfigValue {
    guard case .mapping(let entries) = value else { return value }
    return .mapping(entries.map { ConfigEntry($0.key, plain($0.value)) })
  }
}
