import Foundation
import Kernels
import LogitCache
import Transformer

/// A file of soft targets that another program has computed; every tensor is checked.
struct ImportFile {
  let url: URL
  let replica: Int
  let firstBlock: Int
  let blocks: Int
  /// Entries of the head.
  let headK: Int
  /// Whether it holds hidden states.
  let hasStates: Bool
  private let tensors: Safetensors

  /// What to do where the tail is missing.
  private static let recipe = """
    The tail's five scalars, float32 [rows, 5], of the logits z [rows, vocabulary]:
      top = z.topk(k); m = z.max(-1, keepdim=True).values
      t = (z - m).double().scatter(-1, top.indices, -torch.inf)     # the tail below the maximum
      a = lambda b: torch.logsumexp(b * t, -1)
      s = lambda b: (torch.softmax(b * t, -1) * (z - m)).sum(-1)
      mean = t.nan_to_num(neginf=0).sum(-1) / (z.shape[-1] - k)
      tail_scalars = torch.stack([a(1), s(1), a(.5), s(.5), mean], -1).float()
    """

  /// Opens a file and checks its header.
  ///
  /// - Throws: `LogitCacheError.badImport`, `TransformerError`.
  init(_ url: URL) throws {
    self.url = url
    tensors = try Safetensors(url: url)
    func bad(_ reason: String) -> LogitCacheError {
      .badImport(file: url.path, reason: reason)
    }
    for name in ["place", "input_ids", "rows", "top_ids", "top_logits"]
    where tensors.shape(of: name) == nil {
      throw bad("the tensor '\(name)' is missing; docs/import.md says what a file holds.")
    }
    if tensors.shape(of: "tail_scalars") == nil {
      throw bad("the tensor 'tail_scalars' is missing.\n\(Self.recipe)")
    }
    let place = try tensors.integers("place")
    guard place.count == 3, place.allSatisfy({ (0..<1 << 31).contains($0) }), place[2] > 0 else {
      throw bad(
        "'place' is not [replica, first block, blocks] as 'pipeline cache inputs' gives it.")
    }
    (replica, firstBlock, blocks) = (place[0], place[1], place[2])
    guard let shape = tensors.shape(of: "top_ids"), shape.count == 2, shape[1] > 0 else {
      throw bad("'top_ids' is not [rows, k].")
    }
    headK = shape[1]
    for (name, expected) in [("top_logits", shape), ("tail_scalars", [shape[0], 5])] {
      let found = tensors.shape(of: name) ?? []
      if found != expected { throw bad("'\(name)' is \(found), expected \(expected).") }
    }
    if let found = tensors.shape(of: "states"), found.count != 2 || found[0] != shape[0] {
      throw bad("'states' is \(found), expected [\(shape[0]), hidden_size].")
    }
    hasStates = tensors.shape(of: "states") != nil
  }

  /// Checks that the teacher read the group's sequences and kept its rows.
  ///
  /// - Throws: `LogitCacheError.badImport`.
  func check(_ group: MaskedGroup) throws {
    func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
      if !condition { throw LogitCacheError.badImport(file: url.path, reason: reason()) }
    }
    let shape = tensors.shape(of: "input_ids") ?? []
    let ids = try tensors.integers("input_ids")
    if shape.count == 2 {
      try require(
        shape[0] == group.sequences.count,
        "'input_ids' has \(shape[0]) sequences, the corpus \(group.sequences.count) there.")
      for (index, sequence) in group.sequences.enumerated() {
        let found = ids[index * shape[1]..<(index + 1) * shape[1]].prefix(sequence.count)
        try require(
          found.elementsEqual(sequence.map(Int.init)),
          "sequence \(index) of 'input_ids' is not the corpus's, corrupted as inputs.json says.")
      }
    } else {
      try require(
        ids.elementsEqual(group.sequences.joined().map(Int.init)),
        "'input_ids' are not the corpus's sequences, corrupted as inputs.json says.")
    }
    let rows = try tensors.integers("rows")
    try require(
      rows.elementsEqual(group.rows.map(Int.init)),
      "'rows' are not the positions that inputs.json asks for, in its order.")
    let count = tensors.shape(of: "top_ids")?[0] ?? 0
    try require(
      count == group.rows.count / 2, "'top_ids' has \(count) rows, 'rows' \(group.rows.count / 2).")
  }

  /// The soft targets of all rows.
  struct Rows {
    var headK: Int
    var ids: [Int32]
    var logits: [Float]
    var scalars: [Float]
    /// Numbers of a hidden state; 0 where there is none.
    var width: Int
    var states: [Float]

    /// Number of rows.
    var count: Int { scalars.count / 5 }

    /// Gives a row's head and tail to the body.
    func withRow(
      _ row: Int,
      _ body: (
        UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Float>, SoftTargetSelection.TailScalars
      ) throws -> Void
    ) rethrows {
      let entries = row * headK..<(row + 1) * headK
      let values = scalars[5 * row..<5 * row + 5].map(Double.init)
      let tail = SoftTargetSelection.TailScalars(
        logPartition: values[0], slope: values[1], halfLogPartition: values[2],
        halfSlope: values[3], mean: values[4])
      try ids[entries].withUnsafeBufferPointer { ids in
        try logits[entries].withUnsafeBufferPointer { try body(ids, $0, tail) }
      }
    }
  }

  /// Reads the soft targets, each row's head by falling logit.
  ///
  /// - Throws: `LogitCacheError.badImport`, `TransformerError`.
  func rows(vocabSize: Int, step: Double, wantsStates: Bool) throws -> Rows {
    var ids = try tensors.integers("top_ids").map { Int32(clamping: $0) }
    var logits = try tensors.floats("top_logits")
    let scalars = try tensors.floats("tail_scalars")
    for row in 0..<ids.count / headK {
      let range = row * headK..<(row + 1) * headK
      let valid =
        ids[range].allSatisfy { $0 >= 0 && $0 < vocabSize }
        && Set(ids[range]).count == headK
      guard valid else { throw bad(row, "'top_ids' are not \(headK) IDs of the vocabulary") }
      guard logits[range].allSatisfy(\.isFinite),
        scalars[5 * row..<5 * row + 5].allSatisfy(\.isFinite)
      else { throw bad(row, "a number is not finite") }
      let order = range.sorted {
        logits[$0] != logits[$1] ? logits[$0] > logits[$1] : ids[$0] < ids[$1]
      }
      let (sortedIDs, sortedLogits) = (order.map { ids[$0] }, order.map { logits[$0] })
      ids.replaceSubrange(range, with: sortedIDs)
      logits.replaceSubrange(range, with: sortedLogits)
      let steps = Double(sortedLogits[0] - sortedLogits[headK - 1]) / step
      guard steps < 65_535 else {
        throw bad(row, "its head spans more than 65,535 steps of \(step); give a larger --step")
      }
      try check(row, scalars: Array(scalars[5 * row..<5 * row + 5]), head: sortedLogits)
    }
    let states = wantsStates ? try tensors.floats("states") : []
    // The largest number of half precision, which a state or its scale may become.
    guard states.allSatisfy({ abs($0) <= 65_504 }) else {
      throw LogitCacheError.badImport(
        file: url.path, reason: "a number of 'states' is not finite, or too large.")
    }
    return Rows(
      headK: headK, ids: ids, logits: logits, scalars: scalars,
      width: wantsStates ? tensors.shape(of: "states")?.last ?? 0 : 0, states: states)
  }

  /// The tail lies below the head, so its scalars have bounds that wrong ones seldom keep.
  private func check(_ row: Int, scalars: [Float], head: [Float]) throws {
    // Every logit of the tail is at most the head's smallest; slopes are means over the tail.
    let bound = (head.last ?? 0) - (head.first ?? 0) + 1e-3
    for (index, name) in [(1, "a'(1)"), (3, "a'(1/2)"), (4, "a'(0)")]
    where scalars[index] > bound {
      throw bad(
        row,
        "\(name) of 'tail_scalars' is \(scalars[index]), above the head's smallest logit "
          + "\(bound) below the largest: give scalars of the tail beyond 'top_ids', relative to the "
          + "row's largest logit")
    }
  }

  private func bad(_ row: Int, _ reason: String) -> LogitCacheError {
    .badImport(file: url.path, reason: "row \(row): \(reason).")
  }
}
