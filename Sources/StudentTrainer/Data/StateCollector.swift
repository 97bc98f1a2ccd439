/// Collects the teacher's states of the layers that a run's losses need, row by row.
struct StateCollector: Sendable {
  private let layers: [Int]
  private let lastLayer: Int
  private let hiddenSize: Int
  private let wantsLast: Bool
  private let innerLayers: [Int]
  private var rows: [Int32] = []
  /// States of each of `layers`, `[rows, hiddenSize]`.
  private var values: [[Float]]

  /// Nothing collected yet.
  ///
  /// - Parameters:
  ///   - configuration: Says which losses have a weight.
  ///   - lastLayer: The teacher's number of layers.
  ///   - hiddenSize: Width of its states.
  init(_ configuration: TrainingConfiguration, lastLayer: Int, hiddenSize: Int) {
    layers = configuration.stateLayers(lastLayer: lastLayer)
    self.lastLayer = lastLayer
    self.hiddenSize = hiddenSize
    wantsLast = configuration.alphaCos > 0
    innerLayers = configuration.innerLayers
    values = layers.map { _ in [] }
  }

  /// Adds the states of a token of the batch.
  ///
  /// - Parameters:
  ///   - token: The token.
  ///   - write: Writes a layer's state, `[hiddenSize]`.
  mutating func append(
    token: Int32, _ write: (_ layer: Int, UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    if layers.isEmpty { return }
    rows.append(token)
    for (index, layer) in layers.enumerated() {
      values[index].appendValues(hiddenSize) { write(layer, $0) }
    }
  }

  /// Puts the states into a batch.
  func finish(into batch: inout TrainingBatch) {
    for (layer, values) in zip(layers, values) {
      let states = TeacherStates(rows: rows, hiddenSize: hiddenSize, values: values)
      if layer == lastLayer && wantsLast { batch.teacherStates = states }
      if innerLayers.contains(layer) { batch.innerStates[layer] = states }
    }
  }
}

extension TrainingConfiguration {
  /// Teacher layers of the hidden-state loss, where it has a weight at any step.
  var innerLayers: [Int] { hidden.map { $0.weight > 0 ? $0.teacherLayers : [] } ?? [] }

  /// Teacher layers whose states the losses need, ascending.
  ///
  /// - Parameter lastLayer: The teacher's number of layers.
  /// - Returns: Their numbers, 0 the embeddings.
  package func stateLayers(lastLayer: Int) -> [Int] {
    Set(innerLayers + (alphaCos > 0 ? [lastLayer] : [])).sorted()
  }
}
