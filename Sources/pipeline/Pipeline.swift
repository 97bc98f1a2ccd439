import ArgumentParser
import Console
import StudentTrainer

/// The program: one subcommand for each step of a distillation.
@main
struct Pipeline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pipeline",
    abstract: "Run the teacher once, train many students.",
    discussion: """
      Three commands carry the job:
        pipeline tokenize        text to a tokenized corpus
        pipeline cache-teacher   one teacher pass to a logit cache
        pipeline train-student   a student from the cache, without the teacher
      """,
    version: "0.1.0",
    subcommands: [
      TokenizeCommand.self, TrainTeacherCommand.self, PlanCommand.self, CacheTeacherCommand.self,
      TrainStudentCommand.self, SweepCommand.self, CacheCommand.self, EvaluateCommand.self,
      ReportCommand.self, TrainVocabCommand.self,
      CorpusCommand.self, EncodeCommand.self, DecodeCommand.self,
    ])

  /// Runs the command line, with the options of its configuration file.
  static func main() {
    do {
      let expansion = try CommandLineExpansion(Array(CommandLine.arguments.dropFirst()))
      var command: any ParsableCommand
      do {
        command = try parseAsRoot(expansion.arguments)
      } catch {
        throw expansion.explain(error)
      }
      try command.run()
    } catch StudentTrainerError.inUse(let folder) {
      Terminal.note("Error: \(StudentTrainerError.inUse(folder: folder))")
      exit(withError: ExitCode.inUse)
    } catch {
      if exitCode(for: error) == .failure, !(error is ExitCode) {
        Transcript.shared.add("Error: \(message(for: error))")
      }
      exit(withError: error)
    }
  }
}

extension ExitCode {
  /// Another process is training in the folder: what may go well later, `EX_TEMPFAIL` of `sysexits.h`.
  static let inUse = ExitCode(75)
}
