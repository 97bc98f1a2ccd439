import Testing
import pipeline

/// How the file of a sweep becomes students.
struct SweepPlanTests {
  private let options = CommandOptions(
    command: "train-student",
    options: [
      .init(["layers"]), .init(["temperature"]), .init(["seed"]), .init(["init-layers"]),
      .init(["from-cache"], isRepeating: true), .init(["hard-labels"], isFlag: true),
      .init(["output"]),
    ])

  private func plan(_ text: String) throws -> SweepPlan {
    try SweepPlan(ConfigFile(text: text, path: "s.yaml"), options: options)
  }

  @Test func aGridIsEveryCombinationOverTheBase() throws {
    let plan = try plan(
      """
      base: {from-cache: [a, b], seed: 7}
      grid:
        layers: [1, 2]
        temperature: ["linear:4:1", 2]
      """)
    #expect(
      plan.students.map(\.name) == [
        "layers-1_temperature-linear-4-1", "layers-1_temperature-2",
        "layers-2_temperature-linear-4-1", "layers-2_temperature-2",
      ])
    #expect(
      try plan.arguments(plan.students[2]) == [
        "--from-cache=a", "--from-cache=b", "--seed=7", "--layers=2", "--temperature=linear:4:1",
      ])
    #expect(
      plan.students[3].settings == [.init("layers", "2"), .init("temperature", "2")])
  }

  @Test func listedStudentsComeAfterTheGridAndMayHaveTheirOwn() throws {
    let plan = try plan(
      """
      base: {layers: 3, temperature: 2}
      grid: {seed: [1, 2]}
      students:
        - name: hard
          hard-labels: true
          temperature: ~
          grid: {seed: [1, 2]}
        - init-layers: [0, 2]
      """)
    #expect(
      plan.students.map(\.name) == [
        "seed-1", "seed-2", "hard_seed-1", "hard_seed-2", "init-layers-0-2",
      ])
    #expect(plan.columns == ["seed", "hard-labels", "temperature", "init-layers"])
    #expect(
      plan.students.map(\.group) == ["student", "student", "hard", "hard", "init-layers-0-2"])
    #expect(
      try plan.arguments(plan.students[2]) == ["--layers=3", "--hard-labels", "--seed=1"])
    #expect(
      try plan.arguments(plan.students[4]) == [
        "--layers=3", "--temperature=2", "--init-layers=0,2",
      ])
  }

  @Test func namesAreSafeAsFoldersAndNotTooLong() throws {
    let long = String(repeating: "x", count: 120)
    let plan = try plan(
      """
      grid:
        from-cache: ["../a b/cache$1", [one, two], "\(long)"]
      """)
    let names = plan.students.map(\.name)
    #expect(names[..<2] == ["from-cache-cache-1", "from-cache-one-two"])
    #expect(names[2].count == 100)
    #expect(names[2].hasPrefix("from-cache-xxx"))
  }

  @Test(arguments: [
    (
      "grid: {layer: [1]}",
      "line 1, 'layer': 'train-student' has no such option; did you mean 'layers'?"
    ),
    ("base: {layers: 1}\ngrid: {layers: 2}", "line 2, 'layers': takes a list of values"),
    ("grid: {layers: []}", "takes a list of values"),
    ("grid: {layers: [1, 1]}", "has a value twice"),
    ("grid: {}", "has no option"), ("base: {layers: 1}", "names no student"),
    ("grids: {layers: [1]}", "line 1, 'grids': a sweep has 'base', 'grid' and 'students'"),
    ("base: {output: x}\ngrid: {layers: [1]}", "'output': a sweep gives every student a folder"),
    ("students: [{name: ../up}]", "is no folder's name here"),
    ("students: [{name: .hidden}]", "is no folder's name here"),
    ("students: [{name: a}, {name: a}]", "has the student 'a' twice"),
    (
      "students: [{from-cache: x/c}, {from-cache: y/c}]",
      "has two students 'from-cache-c', one of from-cache: x/c and one of from-cache: y/c"
    ),
    ("students: [1]", "takes students of 'option: value' lines"), ("- 1", "is no mapping"),
    ("students: {name: a}", "takes a list of students"), ("base: 3", "takes 'option: value' lines"),
    ("students: [{layers: {a: 1}}]", "'layers': takes a value, not a mapping"),
    (
      "grid: {layers: [\(Self.numbers)], seed: [\(Self.numbers)]}", "makes more than 10000 students"
    ),
  ])
  func whatIsNoSweepIsRefused(_ text: String, _ reason: String) throws {
    let error = #expect(throws: (any Error).self) { try plan(text) }
    #expect("\(error.map(String.init(describing:)) ?? "")".contains(reason))
  }

  private static let numbers = (0...100).map(String.init).joined(separator: ", ")
}
