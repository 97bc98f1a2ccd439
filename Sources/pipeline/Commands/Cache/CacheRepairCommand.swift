import ArgumentParser
import Console
import Foundation
import LogitCache
import Logging

/// `pipeline cache repair`: computes damaged blocks anew, and only those.
struct CacheRepairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Compute the damaged blocks of a cache anew.",
    discussion: """
      Reads everything, as 'pipeline cache verify' does. A shard with damaged blocks is written \
      again, its good blocks copied as they are; one that is missing or cannot be opened is computed \
      whole. It takes its place only where its digest is the one it had, so on another kind of \
      machine, whose numbers differ in the last bits, nothing is replaced.

      EXAMPLE
        pipeline cache repair cache --teacher bert-base --corpus corpus
      """)

  @Argument(help: "A folder that 'pipeline cache-teacher' made or has begun.")
  var cache: String

  @Option(help: "The teacher that made the cache.")
  var teacher: String

  @Option(help: "The corpus that it was made from.")
  var corpus: String

  @OptionGroup var store: StoreOptions
  @OptionGroup(title: "Common") var common: CommonOptions

  func run() throws {
    common.start()
    let verification = try CacheVerification(folder: store.cache(cache))
    let problems = CacheCheck(name: cache, quiet: common.quiet).problems(verification)
    if problems.isEmpty { return Terminal.output("\(cache): sound, nothing to repair") }
    for problem in problems { common.log.info("\(problem)") }
    let source = try CacheTeacher(of: verification.shards, teacher: teacher, corpus: corpus)
    let repair = try CacheRepair(folder: verification.shards.folder)
    for task in repair.tasks(for: problems) {
      let bar = ProgressBar("repair \(task.name)", quiet: common.quiet)
      var done = 0
      try repair.repair(task, source: source.source) {
        done += 1
        bar.update(
          Double(done) / Double(task.blocks.count), "block \(done)/\(task.blocks.count)")
      }
      let what =
        task.name == CacheShards.sequences
        ? "removed; a run that needs it makes it again"
        : task.index == nil
          ? "made anew"
          : task.isWhole
            ? "computed whole, \(task.blocks.count) blocks"
            : "block\(task.blocks.count == 1 ? "" : "s") "
              + task.blocks.map(String.init).joined(separator: ", ") + " computed anew"
      bar.clear()
      Terminal.output("\(task.name): \(what)")
    }
  }
}
