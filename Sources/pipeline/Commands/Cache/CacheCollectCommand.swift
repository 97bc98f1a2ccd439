import ArgumentParser
import Console
import Foundation
import LogitCache

/// `pipeline cache gc`: deletes caches that nobody refers to, after asking.
struct CacheCollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Delete the caches that no experiment refers to, after asking.",
    discussion: """
      A cache is kept that is pinned, that a run folder which is there uses, or that a process is \
      writing; an unfinished one for an hour after the last writing, since locks do not reach every \
      machine. A run of another machine whose folder is not seen from here keeps its cache too, since \
      it may be on that machine's own disk: run this command there, or say --ignore-other-hosts. What \
      killed processes left goes too; the unfinished shard of an unfinished cache stays, since the \
      next run goes on with it. Without a terminal nothing is deleted but with --yes.

      EXAMPLES
        pipeline cache gc caches
        pipeline cache gc caches --yes
      """)

  @OptionGroup var store: StoreArgument

  @Flag(
    help: """
      Count runs of other machines as gone where their folders are not seen from here, and new \
      unfinished caches as left.
      """)
  var ignoreOtherHosts = false

  @Flag(help: "Delete without asking.")
  var yes = false

  func run() throws {
    let collection = try CacheCollection(
      try store.open(), ignoresOtherHosts: ignoreOtherHosts)
    for (folder, reason) in collection.kept {
      Terminal.output("keep    \(folder.lastPathComponent): \(Self.text(reason))")
    }
    for candidate in collection.candidates {
      let inventory = candidate.inventory
      let gone = inventory.references.count { $0.standing(cache: candidate.folder) == .gone }
      let elsewhere = inventory.references.count - gone
      let runs = [
        gone > 0 ? "\(Format.count(gone, "experiment")) whose folder is gone" : nil,
        elsewhere > 0
          ? "\(Format.count(elsewhere, "experiment")) of other machines, not seen here" : nil,
      ].compactMap(\.self)
      Terminal.output(
        "delete  \(candidate.folder.lastPathComponent): \(Format.bytes(inventory.bytes)), "
          + "\(inventory.sealedShards) of \(inventory.manifest.specification.shardCount) shards, "
          + (runs.isEmpty ? "no experiment" : runs.joined(separator: "; ")))
    }
    for leftover in collection.leftovers {
      Terminal.output(
        "delete  \(Self.name(leftover, try store.path())): "
          + "\(Format.bytes(FolderSize.bytes(of: leftover))), left by a killed process")
    }
    let count = collection.candidates.count + collection.leftovers.count
    if count == 0 { return Terminal.output("nothing to delete") }
    guard try isConfirmed(bytes: collection.bytes) else {
      return Terminal.output("nothing was deleted")
    }
    try delete(collection)
  }

  private func delete(_ collection: CacheCollection) throws {
    var bytes = 0
    for candidate in collection.candidates {
      if let reason = try collection.delete(candidate) {
        Terminal.output("kept    \(candidate.folder.lastPathComponent): \(Self.text(reason))")
      } else {
        bytes += candidate.inventory.bytes
      }
    }
    for leftover in collection.leftovers {
      bytes += FolderSize.bytes(of: leftover)
      try collection.delete(leftover: leftover)
    }
    Terminal.output("deleted \(Format.bytes(bytes))")
  }

  private func isConfirmed(bytes: Int) throws -> Bool {
    if yes { return true }
    guard Terminal.isInputInteractive else {
      Terminal.note("standard input is not a terminal: say --yes to delete these")
      return false
    }
    Terminal.draw("Delete what is listed, \(Format.bytes(bytes))? [y/N] ")
    guard let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased() else {
      Terminal.draw("\n")
      return false
    }
    return answer == "y" || answer == "yes"
  }

  private static func text(_ reason: CacheCollection.Reason) -> String {
    switch reason {
    case .pinned: "pinned"
    case .used(let runs):
      "used by \(runs[0])" + (runs.count > 1 ? " and \(runs.count - 1) more" : "")
    case .usedElsewhere(let runs):
      "used by \(runs[0].run) on \(runs[0].host ?? "an unknown machine"), which is not seen from here"
        + (runs.count > 1 ? ", and \(runs.count - 1) more" : "")
        + "; --ignore-other-hosts counts it as gone"
    case .busy: "a process is writing it"
    case .recent(let seconds):
      "not complete, and written to \(Format.duration(max(seconds, 0))) ago, maybe by another machine; "
        + "--ignore-other-hosts counts it as left"
    case .unreadable(let text): "cannot be read: \(text)"
    }
  }

  private static func name(_ url: URL, _ store: String) -> String {
    let base = URL(argument: store).path + "/"
    return url.path.hasPrefix(base) ? String(url.path.dropFirst(base.count)) : url.path
  }
}
