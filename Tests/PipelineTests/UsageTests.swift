import Foundation
import Testing

/// Help, and the exit codes: 0 fine, 64 usage, 1 failure.
struct UsageTests {
  /// Every subcommand with options that its help has to name.
  static let options: [(command: String, names: [String])] = [
    (
      "tokenize",
      ["<inputs>", "--tokenizer", "--output", "--max-length", "--documents", "--field"]
        + ["--mix-documents", "--replace", "--strict", "--shard-tokens", "--quiet", "--jobs"]
        + ["--column", "--header", "--input-format", "--bad-lines", "--cut", "--one-per-document"]
        + ["--deduplicate", "--held-out"]
    ),
    ("corpus", ["show", "sample", "export", "verify"]),
    (
      "cache",
      ["ls", "show", "verify", "repair", "diff", "merge", "subset", "pin", "gc", "export"]
        + ["inputs", "import", "fidelity"]
    ),
    (
      "train-teacher",
      [
        "--corpus", "--output", "--from", "--add-mlm-head", "--config", "--model-config",
        "--layers", "--hidden-size",
      ]
        + ["--steps", "--epochs", "--eval-corpus", "--mask-probability", "--threads", "--quiet"]
    ),
    (
      "cache-teacher",
      ["--teacher", "--corpus", "--output", "--positions", "--head", "--tail", "--states"]
        + ["--audit-rows", "--worker", "--workers", "--replicas", "--threads", "--quiet"]
        + ["--store", "--extend"]
    ),
    (
      "train-student",
      ["--from-cache", "--corpus", "--online-teacher", "--hard-labels", "--output", "--init-from"]
        + ["--layers", "--temperature", "--tail", "--checkpoint-every", "--weight-format"]
        + ["--weights", "--divergence", "--quiet", "--store", "--missing", "--missing-timeout"]
        + ["--config", "--resume"]
    ),
    (
      "evaluate",
      ["<models>", "--corpus", "--cache", "--max-tokens", "--json", "--threads", "--quiet"]
    ),
    (
      "train-vocab",
      ["<inputs>", "--output", "--size", "--min-frequency", "--alphabet-limit"]
        + ["--initial-alphabet", "--special-tokens", "--cased", "--jobs", "--quiet"]
    ),
    (
      "encode",
      ["<inputs>", "--tokenizer", "--format", "--records", "--max-length", "--stride"]
        + ["--no-special-tokens", "--special-tokens-as-text", "--strict", "--jobs", "--quiet"]
    ),
    ("decode", ["<inputs>", "--tokenizer", "--keep-special-tokens", "--jobs"]),
  ]

  @Test(arguments: options) func helpNamesTheOptions(command: String, names: [String]) throws {
    let outcome = try Pipeline.succeed([command, "--help"])
    for name in names {
      #expect(outcome.output.contains(name), "'\(name)' is not in the help of \(command)")
    }
    #expect(outcome.errors == "")
  }

  @Test func theProgramAloneNamesItsSubcommands() throws {
    for arguments in [[], ["--help"]] {
      let outcome = try Pipeline.succeed(arguments)
      for (command, _) in Self.options { #expect(outcome.output.contains(command)) }
    }
  }

  @Test(arguments: [
    ["tokenize", "i", "--tokenizer", "t", "--output", "o"],
    ["train-teacher", "--corpus", "c", "--output", "o"],
    ["cache-teacher", "--teacher", "t", "--corpus", "c", "--output", "o"],
    ["train-student", "--from-cache", "c", "--output", "o"], ["evaluate", "m", "--corpus", "c"],
    ["train-vocab", "i", "--output", "o"],
  ])
  func unknownOptionsAreUsageErrors(arguments: [String]) throws {
    let outcome = try Pipeline.run(arguments + ["--no-such-option"])
    #expect(outcome.ending == .exited(64))
    #expect(outcome.errors.contains("--no-such-option"))
    #expect(outcome.errors.hasPrefix("Error: "))
  }

  @Test(arguments: [
    (["tokenize"], "<inputs>"), (["train-teacher"], "--corpus"), (["cache-teacher"], "--teacher"),
    (["train-student"], "--output"), (["evaluate", "--corpus", "c"], "<models>"),
    (["train-student", "--output", "o"], "--from-cache"),
    (
      ["train-student", "--output", "o", "--from-cache", "c", "--missing-timeout", "0"],
      "--missing-timeout 0"
    ),
    (["train-student", "--output", "o", "--from-cache", "c", "--missing", "x"], "'x'"),
    (
      ["cache-teacher", "--teacher", "t", "--corpus", "c", "--output", "o", "--store", "s"],
      "exclude each other"
    ),
    (
      ["cache-teacher", "--teacher", "t", "--corpus", "c", "--store", "s", "--extend", "e"],
      "--extend goes with --output"
    ),
    (["train-student", "--output", "o", "--corpus", "c"], "--online-teacher"),
    (
      ["train-student", "--output", "o", "--from-cache", "c", "--online-teacher", "t"],
      "exclude each other"
    ),
    (["train-teacher", "--corpus", "c", "--output", "o", "--add-mlm-head"], "--from"),
    (
      ["cache-teacher", "--teacher", "t", "--corpus", "c", "--output", "o", "--head", "x"],
      "'x'"
    ),
    (
      ["tokenize", "i", "--tokenizer", "t", "--output", "o", "--replace", "nothing"], "from=to"
    ),
    (["tokenize", "i", "--tokenizer", "t", "--output", "o", "--jobs", "0"], "--jobs 0"),
    (["tokenize", "i", "--tokenizer", "t", "--output", "o", "--held-out", "1"], "--held-out 1"),
    (
      ["tokenize", "i", "--tokenizer", "t", "--output", "o", "--input-format", "pdf"],
      "--input-format 'pdf'"
    ),
    (
      ["tokenize", "i", "--tokenizer", "t", "--output", "o", "--mix-documents"]
        + ["--one-per-document"], "exclude each other"
    ),
    (["corpus", "sample", "c", "--count", "0"], "--count 0"),
    (["corpus", "export", "c", "--output", "o", "--format", "x"], "'x'"),
    (["cache", "subset", "c", "o", "--replicas", "2-0"], "'2-0'"),
    (["cache", "merge", "c"], "<from>"),
    (["cache", "export", "c", "o", "--format", "x"], "'x'"),
    (["cache", "inputs", "c", "o", "--blocks-per-file", "0"], "--blocks-per-file 0"),
    (["evaluate", "m", "--corpus", "c", "--threads", "0"], "--threads"),
    (["evaluate", "m", "--corpus", "c", "--max-tokens", "0"], "--max-tokens 0"),
    (
      ["train-student", "--output", "o", "--from-cache", "c", "--eval-tokens", "0"], "--eval-tokens"
    ),
    (
      ["train-student", "--output", "o", "--from-cache", "c", "--weights", "0.7,0.3"],
      "2 number(s) for 1 cache(s)"
    ),
    (["train-student", "--output", "o", "--from-cache", "c", "--weights", "1,-1"], "'1,-1'"),
    (["train-student", "--output", "o", "--from-cache", "c", "--divergence", "x"], "'x'"),
    (["train-teacher", "--corpus", "c", "--output", "o", "--mask-probability", "nan"], "nan"),
    (["train-teacher", "--corpus", "c", "--output", "o", "--replicas", "0"], "--replicas 0"),
    (["train-vocab", "i"], "--output"),
    (["train-vocab", "i", "--output", "o", "--jobs", "0"], "--jobs 0"),
    (["train-vocab", "i", "--output", "o", "--size", "0"], "size of a vocabulary cannot be 0"),
    (["train-vocab", "i", "--output", "o", "--special-tokens", "[PAD],[UNK]"], "lacks [CLS]"),
    (["no-such-command"], "no-such-command"),
  ])
  func wrongUsageIsNamed(arguments: [String], text: String) throws {
    let outcome = try Pipeline.run(arguments)
    #expect(outcome.ending == .exited(64), "\(outcome.summary)")
    #expect(outcome.errors.contains(text), "\(outcome.summary)")
    #expect(outcome.output == "")
  }
}
