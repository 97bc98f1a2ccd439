import ArgumentParser
import Console
import Corpus
import Foundation
import LogitCache

/// `pipeline cache verify`: reads all of a cache and names what is not as it was written.
struct CacheVerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read every byte of a cache, and name every block that is damaged.",
    discussion: """
      Ends with code 0 where all is sound, else with 1 and a line for each damaged stream. With \
      --live the teacher runs again on the blocks of some sequences, spread over the cache: on the \
      kind of machine that wrote it every byte is the same; elsewhere the largest difference of a \
      logit is reported, and is an error past --tolerance.

      EXAMPLES
        pipeline cache verify cache
        pipeline cache verify cache --live 8 --teacher bert-base --corpus corpus
      """)

  @Argument(help: "A folder that 'pipeline cache-teacher' made or has begun.")
  var cache: String

  @Option(help: "Sequences on which the teacher runs again.")
  var live: Int?

  @Option(help: "With --live: the teacher that made the cache.")
  var teacher: String?

  @Option(help: "With --live: the corpus that it was made from.")
  var corpus: String?

  @Option(
    help: """
      With --live: the largest difference of a logit; the default is 1.5 steps of what is kept, as the \
      logits have them.
      """)
  var tolerance: Double?

  @OptionGroup var store: StoreOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  func validate() throws {
    guard let live else { return }
    if live < 1 { throw ValidationError("--live \(live) is not positive") }
    if teacher == nil || corpus == nil {
      throw ValidationError("--live needs --teacher and --corpus")
    }
    if let tolerance, !(tolerance >= 0) {
      throw ValidationError("--tolerance \(tolerance) is not 0 or more")
    }
  }

  func run() throws {
    let verification = try CacheVerification(folder: store.cache(cache))
    let problems = CacheCheck(name: cache, quiet: common.quiet).problems(verification)
    if !problems.isEmpty { throw CommandFailure(CacheCheck.text(cache, problems)) }
    let manifest = verification.shards.manifest
    Terminal.output(
      manifest.complete
        ? "\(cache): sound, fingerprint \(manifest.fingerprint)"
        : "\(cache): sound as far as it goes, \(verification.sealedShards) of "
          + "\(verification.shards.count) shards")
    if let live, let teacher, let corpus {
      common.start()
      let source = try CacheTeacher(of: verification.shards, teacher: teacher, corpus: corpus)
      let check = LiveCheck(
        cache: verification.shards, source: source.source,
        tolerance: tolerance)
      Terminal.output(try check.run(sequences: live, quiet: common.quiet))
    }
  }
}
