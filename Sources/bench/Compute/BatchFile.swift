import Foundation
import StudentTrainer
import Transformer

/// A batch as a file, for another process.
enum BatchFile {
  /// Writes sequences, the rows that the head is needed at, and their labels.
  static func write(_ batch: TrainingBatch, to file: URL) throws {
    let packed = batch.packed
    try SafetensorsWriter.write(
      [
        tensor("ids", packed.tokenIDs), tensor("starts", packed.sequenceStarts),
        tensor("rows", batch.rows), tensor("labels", batch.labels),
      ], to: file)
  }

  /// Reads what `write` wrote.
  static func read(_ file: URL) throws -> TrainingBatch {
    let tensors = try Safetensors(url: file)
    func integers(_ name: String) throws -> [Int32] { try tensors.integers(name).map(Int32.init) }
    let labels = try integers("labels")
    return TrainingBatch(
      packed: PackedBatch(
        tokenIDs: try integers("ids"), sequenceStarts: try integers("starts")),
      references: [], rows: try integers("rows"), labels: labels,
      softIndexes: labels.map { _ in -1 })
  }

  private static func tensor(_ name: String, _ values: [Int32]) -> SafetensorsWriter.Tensor {
    SafetensorsWriter.Tensor(name: name, shape: [values.count], integers: values)
  }
}
