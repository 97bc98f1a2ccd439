import ArgumentParser
import Logging
import StudentTrainer

/// What a student does while its cache is being written.
struct MissingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Shards of the cache that are not there yet: fail, wait (for each; the student is that of the \
      complete cache, bit for bit), or skip (their sequences are not trained on at all).
      """))
  var missing = MissingShards.Policy.fail

  @Option(
    help: ArgumentHelp(
      "With --missing wait: give up after this time in which nothing is sealed and nobody writes.",
      valueName: "seconds"))
  var missingTimeout = 600.0

  /// Checks the numbers.
  func validate() throws {
    guard missingTimeout > 0, missingTimeout.isFinite else {
      throw ValidationError("--missing-timeout \(missingTimeout) is not above 0")
    }
  }

  /// The policy; what is waited for goes to the log.
  func policy(log: Logger) -> MissingShards {
    let seconds = Int(missingTimeout.rounded())
    return MissingShards(missing, timeoutSeconds: missingTimeout) { notice in
      let what = notice.shard ?? "the cache's tables"
      let why =
        notice.isBeingWritten
        ? "a process is writing it"
        : notice.isCacheBeingWritten
          ? "no process is writing it yet, others are being written"
          : "no process is writing the cache; giving up after \(seconds) s without one"
      log.info("waiting for \(what): \(why)")
    }
  }
}

extension MissingShards.Policy: ExpressibleByArgument {}
