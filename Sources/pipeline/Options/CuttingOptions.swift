import ArgumentParser
import Corpus

/// How documents become sequences.
struct CuttingOptions: ParsableArguments {
  @Option(help: "Tokens of a sequence at most, [CLS] and [SEP] included.")
  var maxLength = 128

  @Option(
    help: ArgumentHelp(
      """
      Where a longer document is cut: token (exactly at the length, also within a word), word, or \
      sentence (the last start of one that the length allows; of a word where a sentence is longer).
      """, valueName: "token|word|sentence"))
  var cut = CutPoint.token

  @Flag(help: "Pack: let a sequence run on from one document into the next, so that all are full.")
  var mixDocuments = false

  @Flag(help: "One sequence a document: what is past --max-length is dropped and counted.")
  var onePerDocument = false

  @Flag(
    help: ArgumentHelp(
      """
      Leave out documents that were there before, byte for byte. Remembers a hash of each document: \
      16 bytes, 21 to 43 with the table round them.
      """))
  var deduplicate = false

  @Option(
    help: ArgumentHelp(
      """
      Put this share of the documents into a second corpus, <output>-held-out. A document's hash \
      decides, so it does not depend on the order of the inputs, and duplicates stay together.
      """, valueName: "share"))
  var heldOut: Double?

  @Option(help: "Tokens of a shard, about.")
  var shardTokens = 1 << 20

  func validate() throws {
    if let heldOut, !(heldOut > 0 && heldOut < 1) {
      throw ValidationError("--held-out \(heldOut) is not between 0 and 1")
    }
    if mixDocuments && onePerDocument {
      throw ValidationError("--mix-documents and --one-per-document exclude each other")
    }
  }
}

extension CutPoint: ExpressibleByArgument {}
