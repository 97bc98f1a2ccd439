import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// How a program ended, and what it wrote.
struct Outcome {
  /// The end of a process.
  enum Ending: Equatable {
    case exited(Int32)
    case signalled(Int32)
  }

  let commandLine: String
  let ending: Ending
  let output: String
  let errors: String

  /// All that it said, for the message of a failed expectation.
  var summary: String { "\(commandLine)\n\(ending)\n\(output)\(errors)" }
}

/// A program that did not end as it had to.
struct ProcessFailure: Error, CustomStringConvertible {
  let description: String
}

/// Runs a program to its end.
///
/// `posix_spawn` and `waitpid` instead of `Foundation.Process`: the kill has to come at once, and
/// children of tests that run side by side must not inherit each other's descriptors.
enum ChildProcess {
  /// Runs a program with its standard output and error in files.
  ///
  /// - Parameters:
  ///   - executable: A path, or a name that the `PATH` finds.
  ///   - arguments: Its arguments, without its name.
  ///   - input: What it reads on standard input; nothing where nil.
  ///   - terminal: A terminal that is its standard input instead.
  ///   - timeoutSeconds: The process is killed, and an error thrown, after this time.
  ///   - killWhen: Asked about once a millisecond; the process gets SIGKILL at the first true.
  ///   - signalWhen: Asked about once a millisecond; the process gets each signal that it names.
  /// - Returns: How it ended, and what it wrote.
  /// - Throws: `ProcessFailure` where it cannot be started or does not end in time.
  static func run(
    _ executable: String, _ arguments: [String], input: Data? = nil,
    terminal: PseudoTerminal? = nil, timeoutSeconds: Double = 300, killWhen: () -> Bool = { false },
    signalWhen: () -> Int32? = { nil }
  ) throws -> Outcome {
    let scratch = try ScratchFolder()
    let (output, errors) = (scratch.path("stdout"), scratch.path("stderr"))
    let standardInput = terminal?.path ?? (input == nil ? "/dev/null" : scratch.path("stdin"))
    try input?.write(to: URL(filePath: standardInput))
    let commandLine = ([executable] + arguments).joined(separator: " ")
    let process = try spawn(
      executable, arguments, input: standardInput, output: output, errors: errors)
    let deadline = ContinuousClock.now + .seconds(timeoutSeconds)
    var status: Int32 = 0
    var isLate = false
    while true {
      let found = waitpid(process, &status, WNOHANG)
      if found == process { break }
      guard found == 0 || errno == EINTR else {
        throw ProcessFailure(description: "\(commandLine): waitpid gives error \(errno)")
      }
      isLate = ContinuousClock.now > deadline
      if isLate || killWhen() {
        kill(process, SIGKILL)
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        break
      }
      if let signal = signalWhen() { kill(process, signal) }
      usleep(1000)
    }
    let signal = status & 0x7f
    let outcome = Outcome(
      commandLine: commandLine,
      ending: signal == 0 ? .exited(status >> 8 & 0xff) : .signalled(signal),
      output: try String(contentsOf: URL(filePath: output), encoding: .utf8),
      errors: try String(contentsOf: URL(filePath: errors), encoding: .utf8))
    if isLate {
      throw ProcessFailure(description: "no end after \(timeoutSeconds) s: \(outcome.summary)")
    }
    return outcome
  }

  private static func spawn(
    _ executable: String, _ arguments: [String], input: String, output: String, errors: String
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
    for (descriptor, path) in [(STDOUT_FILENO, output), (STDERR_FILENO, errors)] {
      posix_spawn_file_actions_addopen(
        &actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    var words = ([executable] + arguments).map { strdup($0) } + [nil]
    var variables =
      ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (words + variables).forEach { free($0) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, executable, &actions, nil, &words, &variables)
    guard code == 0 else {
      throw ProcessFailure(
        description: "cannot start \(executable): \(String(cString: strerror(code)))")
    }
    return process
  }
}
