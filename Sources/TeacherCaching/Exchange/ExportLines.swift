import Foundation
import LogitCache

/// The sequences of a block as JSON lines.
struct ExportLines {
  let decoded: DecodedBlock
  /// Corpus-wide number of the block.
  let number: Int
  let replica: Int
  /// Gives the widths of states and of the decoder's input.
  let teacher: CacheSpecification.Teacher

  /// One line a sequence. What a position keeps is a list by position, empty where the position's
  /// class keeps nothing of the kind.
  func text() -> String {
    let block = decoded.block
    let kinds = block.parts.map { $0.namedRows(inputSize: teacher.inputSize) }
    var names: [String] = []
    for name in kinds.joined().map(\.name) where !names.contains(name) { names.append(name) }
    let inner = block.innerStates.sorted { $0.key < $1.key }
      .map { ("\(StreamName.states).\($0.key)", $0.value) }
    let states = (inner + (block.states.map { [(StreamName.states, $0)] } ?? [])).map {
      NamedRows(
        name: $0, width: teacher.hiddenSize, numbers: .floats(DecodedBlock.floats($1)))
    }
    var text = ""
    var token = 0
    for (index, length) in block.lengths.enumerated() {
      let rows = Int(block.rowStarts[index])..<Int(block.rowStarts[index + 1])
      var fields = [
        "\"block\":\(number)", "\"sequence\":\(index)", "\"replica\":\(replica)",
        "\"token_ids\":"
          + Self.list(block.tokenIDs[token..<token + Int(length)].map { "\($0)" }),
        "\"positions\":" + Self.list(block.positions[rows].map { "\($0)" }),
      ]
      func add(_ name: String, _ row: (Int) -> [String]) {
        fields.append("\"\(name)\":" + Self.list(rows.map { Self.list(row($0)) }))
      }
      if !block.classes.isEmpty {
        fields.append("\"classes\":" + Self.list(block.classes[rows].map { "\($0)" }))
      }
      for name in names {
        add(name) { row in
          let place = block.place(row)
          return kinds[place.part].first { $0.name == name }?.text(place.row) ?? []
        }
      }
      if block.parts.contains(where: { $0.drawn != nil }) {
        add("sampled_ids") { row in drawn(row) { rows, range in rows.ids[range].map { "\($0)" } } }
        add("sampled_probabilities") { row in
          drawn(row) { rows, range in rows.probabilities[range].map { "\($0)" } }
        }
      }
      for kept in states { add(kept.name) { kept.text($0) } }
      text += "{" + fields.joined(separator: ",") + "}\n"
      token += Int(length)
    }
    return text
  }

  private func drawn(
    _ row: Int, _ body: (SampledRows, Range<Int>) -> [String]
  ) -> [String] {
    let place = decoded.block.place(row)
    guard let rows = decoded.block.parts[place.part].drawn else { return [] }
    return body(rows, rows.starts[place.row]..<rows.starts[place.row + 1])
  }

  private static func list(_ items: some Sequence<String>) -> String {
    "[" + items.joined(separator: ",") + "]"
  }
}
