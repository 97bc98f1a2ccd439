import LogitCache
import Transformer

/// The tensors of some blocks of one replica.
struct ExportTensors {
  private let hiddenSize: Int
  private let inputSize: Int
  private let vocabSize: Int
  private var lengths: [Int32] = []
  private var tokens: [Int32] = []
  private var rows: [Int32] = []
  private var classes: [Int32] = []
  private var states: [Float] = []
  private var auditRows: [Int32] = []
  private var auditLogits: [Float] = []
  /// By name, in the order in which they were met.
  private var integers: [(name: String, width: Int?, values: [Int32])] = []
  private var floats: [(name: String, width: Int?, values: [Float])] = []

  init(_ specification: CacheSpecification) {
    hiddenSize = specification.teacher.hiddenSize
    inputSize = specification.teacher.inputSize
    vocabSize = specification.vocabSize
  }

  /// Number of sequences.
  var sequenceCount: Int { lengths.count }
  /// Number of positions that keep a target.
  var rowCount: Int { rows.count / 2 }

  /// Adds a block.
  mutating func add(_ decoded: DecodedBlock) {
    let firstRow = rowCount
    rows += decoded.rows(firstSequence: lengths.count)
    lengths += decoded.block.lengths
    tokens += decoded.block.tokenIDs
    classes += decoded.block.classes.map(Int32.init)
    if let rows = decoded.block.states { states += DecodedBlock.floats(rows) }
    for (layer, rows) in decoded.block.innerStates.sorted(by: { $0.key < $1.key }) {
      add("\(StreamName.states).\(layer)", hiddenSize, DecodedBlock.floats(rows))
    }
    for (index, part) in decoded.block.parts.enumerated() {
      let prefix = StreamName.prefix(ofClass: index)
      for kind in part.namedRows(inputSize: inputSize) {
        switch kind.numbers {
        case .integers(let values): add(prefix + kind.name, kind.width, values)
        case .floats(let values): add(prefix + kind.name, kind.width, values)
        }
      }
      guard let drawn = part.drawn else { continue }
      let counts = zip(drawn.starts, drawn.starts.dropFirst()).map { Int32($1 - $0) }
      add(prefix + "sampled_counts", nil, counts)
      add(prefix + "sampled_ids", nil, drawn.ids)
      add(prefix + "sampled_probabilities", nil, drawn.probabilities)
    }
    for row in decoded.audit {
      auditRows.append(Int32(firstRow + row.row))
      auditLogits += row.logits
    }
  }

  /// All tensors; what no block keeps is left out.
  func all() -> [SafetensorsWriter.Tensor] {
    var tensors: [SafetensorsWriter.Tensor] = [
      .init(name: "token_ids", shape: [tokens.count], integers: tokens),
      .init(name: "lengths", shape: [lengths.count], integers: lengths),
      .init(name: "rows", shape: [rowCount, 2], integers: rows),
    ]
    if !classes.isEmpty {
      tensors.append(.init(name: "classes", shape: [rowCount], integers: classes))
    }
    for (name, width, values) in integers {
      let shape = width.map { [values.count / $0, $0] } ?? [values.count]
      tensors.append(.init(name: name, shape: shape, integers: values))
    }
    for (name, width, values) in floats {
      let shape = width.map { [values.count / $0, $0] } ?? [values.count]
      tensors.append(.init(name: name, shape: shape, floats: values))
    }
    if !states.isEmpty {
      tensors.append(.init(name: "states", shape: [rowCount, hiddenSize], floats: states))
    }
    if !auditRows.isEmpty {
      tensors.append(.init(name: "audit_rows", shape: [auditRows.count], integers: auditRows))
      tensors.append(
        .init(name: "audit_logits", shape: [auditRows.count, vocabSize], floats: auditLogits))
    }
    return tensors
  }

  private mutating func add(_ name: String, _ width: Int?, _ values: [Int32]) {
    if let index = integers.firstIndex(where: { $0.name == name }) {
      integers[index].values += values
    } else {
      integers.append((name, width, values))
    }
  }

  private mutating func add(_ name: String, _ width: Int?, _ values: [Float]) {
    if let index = floats.firstIndex(where: { $0.name == name }) {
      floats[index].values += values
    } else {
      floats.append((name, width, values))
    }
  }
}
