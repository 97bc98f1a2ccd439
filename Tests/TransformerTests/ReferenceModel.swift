import Foundation
import Kernels
import TestSupport
import Transformer

/// One folder of `../shared/fixtures/models`: a tiny checkpoint and what PyTorch gives for it.
///
/// The reference is computed in float64 and padded; values at padded positions mean nothing.
struct ReferenceModel {
  let folder: URL
  let expected: Safetensors
  let batch: PackedBatch
  /// For each packed token, its index in the padded `[batch, width]` arrays.
  let paddedIndex: [Int]
  /// The label of each packed token, -100 where it has none.
  let labels: [Int]

  init(_ name: String) throws {
    folder = SharedFixtures.root.appending(path: "fixtures/models/\(name)")
    expected = try Safetensors(url: folder.appending(path: "expected.safetensors"))
    let ids = try expected.integers("input_ids")
    let mask = try expected.integers("attention_mask")
    let allLabels = try expected.integers("labels")
    let types =
      expected.entry("token_type_ids") == nil ? [] : try expected.integers("token_type_ids")
    guard let shape = expected.shape(of: "input_ids") else {
      throw CocoaError(.fileReadCorruptFile)
    }
    var starts: [Int32] = [0]
    var padded: [Int] = []
    for row in 0..<shape[0] {
      padded += (row * shape[1]..<(row + 1) * shape[1]).filter { mask[$0] == 1 }
      starts.append(Int32(padded.count))
    }
    paddedIndex = padded
    labels = padded.map { allLabels[$0] }
    batch = PackedBatch(
      tokenIDs: padded.map { Int32(ids[$0]) },
      typeIDs: types.isEmpty ? [] : padded.map { Int32(types[$0]) }, sequenceStarts: starts)
  }

  /// Rows that carry a label.
  var labelledRows: [Int32] {
    labels.indices.filter { labels[$0] != -100 }.map(Int32.init)
  }

  /// The largest difference between `[tokens, columns]` and a padded `[batch, width, columns]`.
  func difference(_ ours: Matrix, _ name: String, rows: [Int32]? = nil) throws -> Float {
    let reference = try expected.floats(name)
    var worst: Float = 0
    for (index, row) in (rows ?? paddedIndex.indices.map(Int32.init)).enumerated() {
      let start = paddedIndex[Int(row)] * ours.columns
      for (column, value) in ours.row(index).enumerated() {
        worst = max(worst, abs(value - reference[start + column]))
      }
    }
    return worst
  }
}

/// Mean cross entropy of labelled rows; replaces the logits by its gradient (plain, in double).
func crossEntropy(_ logits: Matrix, labels: [Int], rows: Int) -> Double {
  var loss = 0.0
  for (index, label) in labels.enumerated() {
    let row = logits.row(index)
    let top = Double(row.max() ?? 0)
    let sum = row.reduce(0.0) { $0 + exp(Double($1) - top) }
    loss += (top + log(sum) - Double(row[label])) / Double(rows)
    for column in row.indices {
      let p = exp(Double(row[column]) - top) / sum
      row[column] = Float((p - (column == label ? 1 : 0)) / Double(rows))
    }
  }
  return loss
}
