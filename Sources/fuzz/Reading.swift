import LogitCache
import ShardStore

/// What is asked of a cache's reader, and what it answers.
enum Reading {
  /// An answer.
  enum Item: Equatable {
    case block(SoftTargetBlock)
    case audit([AuditRow])
    case lengths([Int32])
    case matrix([Float])
    case lowRank(LowRankDecoder)
    case sizes([String: StreamBytes], rows: Int)
    case counts([UInt64])
    case order(IDOrder)
  }

  private static let options: [(String, ReadOptions)] = [
    ("all", ReadOptions()),
    ("head of 2, rank 3", ReadOptions(headK: 2, rank: 3, wantsStates: false)),
    ("tail", ReadOptions(wantsHead: false, wantsStates: false)),
    ("head", ReadOptions(wantsTail: false, wantsStates: false)),
    ("states", ReadOptions(wantsHead: false, wantsTail: false)),
  ]

  /// Blocks and replicas asked for at most, of a specification that declares more.
  private static let mostBlocks = 6
  private static let mostReplicas = 3

  /// All questions to a reader.
  static func questions(of reader: CacheReader) -> [Question<CacheReader, Item>] {
    var questions: [Question<CacheReader, Item>] = [
      Question("order") { .order($0.order) },
      // The sizes first: they open every shard, whose rows the manifest must not overstate.
      Question("sizes") { reader in
        .sizes(try reader.streamBytes(), rows: reader.rowCount)
      },
    ]
    for replica in 0..<min(reader.replicas, mostReplicas) {
      for block in 0..<min(reader.blockCount, mostBlocks)
      where reader.isSealed(block: block, replica: replica) {
        for (name, options) in options {
          questions.append(
            Question("block \(block) of replica \(replica), \(name)") {
              .block(try $0.readBlock(block, replica: replica, options: options))
            })
        }
        questions.append(
          Question("audit rows of block \(block) of replica \(replica)") {
            .audit(try $0.auditRows(block: block, replica: replica))
          })
      }
    }
    for block in 0..<min(reader.blockCount, mostBlocks) {
      questions.append(
        Question("lengths of block \(block)") { .lengths(try $0.lengths(block: block)) })
    }
    for (index, target) in reader.specification.targets.enumerated() where target.tail == .lowrank {
      questions.append(
        Question("basis \(index)") {
          .lowRank(try $0.readLowRankDecoder(ofClass: index))
        })
    }
    if reader.specification.targets.contains(where: { $0.tail == .hidden }) {
      questions.append(
        Question("decoder") { reader in
          let table = try reader.readDecoder()
          return .matrix(table.weight + table.bias)
        })
    }
    if !reader.manifest.complete {
      questions.append(
        Question("token counts") { .counts(try $0.keptTokenCounts() ?? []) })
    }
    return questions
  }
}
