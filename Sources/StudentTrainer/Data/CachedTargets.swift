import LogitCache

/// Turns rows of a cache into the soft targets of a batch, at the temperature of its step.
struct CachedTargets: Sendable {
  /// True where the soft-target loss has a weight.
  let wantsSoft: Bool
  /// True where positions are chosen by the teacher's entropy.
  let wantsEntropy: Bool
  /// What of a block is decoded.
  let readOptions: ReadOptions
  /// Collects states; nothing where no loss needs them.
  private let states: StateCollector
  private let temperature: Double
  /// How the targets of each class of positions are made; empty where nobody asks for them.
  private let makers: [CachedPart]

  /// Checks that the cache holds what the losses need, and reads the output layer.
  ///
  /// - Throws: `StudentTrainerError.missingTargets` or `.invalidConfiguration`; what reading throws.
  init(reader: CacheReader, configuration: TrainingConfiguration) throws {
    let specification = reader.specification
    wantsSoft = configuration.alphaCE > 0
    wantsEntropy = configuration.positionsTopEntropy != nil
    temperature = configuration.temperature
    let lastLayer = specification.teacher.layers
    states = StateCollector(
      configuration, lastLayer: lastLayer, hiddenSize: specification.teacher.hiddenSize)
    if configuration.alphaCos > 0 {
      try Self.check(
        [lastLayer], specification, loss: "the cosine loss (alphaCos \(configuration.alphaCos))",
        without: "set alphaCos to 0")
    }
    if let hidden = configuration.hidden, hidden.weight > 0 {
      try Self.check(
        hidden.teacherLayers, specification,
        loss: "the hidden-state loss (weight \(hidden.weight))",
        without: "choose other layers, or leave the loss out")
    }
    let layers = configuration.stateLayers(lastLayer: lastLayer)
    readOptions = ReadOptions(
      headK: configuration.headK, rank: configuration.rank, wantsHead: wantsSoft || wantsEntropy,
      wantsTail: wantsSoft || wantsEntropy, wantsStates: !layers.isEmpty, stateLayers: layers)
    makers =
      wantsSoft || wantsEntropy
      ? try specification.targets.indices.map {
        try CachedPart(reader: reader, classIndex: $0, configuration: configuration)
      } : []
  }

  /// Throws where a cache does not keep the states of some layers.
  private static func check(
    _ layers: [Int], _ specification: CacheSpecification, loss: String, without: String
  ) throws {
    let kept = specification.keptStateLayers
    let missing = layers.filter { !kept.contains($0) }
    guard !missing.isEmpty else { return }
    func list(_ layers: [Int]) -> String { layers.map { "\($0)" }.joined(separator: ",") }
    let all = Set(kept).union(layers.filter { $0 >= 0 && $0 <= specification.teacher.layers })
    let beyond = missing.filter { !(0...specification.teacher.layers).contains($0) }
    let reason =
      if !beyond.isEmpty {
        "the teacher has layers 0 (the embeddings) to \(specification.teacher.layers), not "
          + "\(list(beyond)); \(without)"
      } else if kept.isEmpty {
        "the cache keeps no hidden states; make one that does ('pipeline cache-teacher --states int8 "
          + "--state-layers \(list(layers))'), or \(without)"
      } else {
        "the cache keeps the states of layer \(list(kept)), not of \(list(missing)); make one with "
          + "'pipeline cache-teacher --states int8 --state-layers \(list(all.sorted()))', or \(without)"
      }
    throw StudentTrainerError.missingTargets(loss: loss, reason: reason)
  }

  /// The teacher's entropy at each row of a block, in nats at T = 1.
  func entropies(_ block: SoftTargetBlock) -> [Float] {
    let parts = zip(makers, block.parts).map { $0.entropies($1) }
    return (0..<block.rowCount).map { row in
      let place = block.place(row)
      return parts[place.part][place.row]
    }
  }

  /// Collects the targets of one batch, for a step at a temperature; nil is the run's own.
  func collector(temperature: Double?) -> Collector {
    Collector(targets: self, temperature: temperature ?? self.temperature)
  }

  /// The targets of one batch, row by row.
  struct Collector {
    private let wantsSoft: Bool
    private var parts: [CachedPart.Rows]
    private var partOf: [Int32] = []
    private var states: StateCollector

    fileprivate init(targets: CachedTargets, temperature: Double) {
      wantsSoft = targets.wantsSoft
      parts = wantsSoft ? targets.makers.map { CachedPart.Rows($0, temperature: temperature) } : []
      states = targets.states
    }

    /// Adds what the cache keeps of a row, for a token of the batch.
    mutating func append(_ block: SoftTargetBlock, row: Int, token: Int32) {
      if wantsSoft {
        let place = block.place(row)
        parts[place.part].append(block.parts[place.part], row: place.row)
        partOf.append(Int32(place.part))
      }
      states.append(token: token) { layer, output in
        block.copyState(row, ofLayer: block.innerStates[layer] == nil ? nil : layer, into: output)
      }
    }

    /// Puts the soft targets and states into a batch.
    func finish(into batch: inout TrainingBatch) {
      states.finish(into: &batch)
      guard wantsSoft else { return }
      if parts.count == 1 {
        batch.softTargets = parts[0].finish()
      } else {
        batch.softTargets = .mixed(MixedTargets(parts: parts.map { $0.finish() }, partOf: partOf))
      }
    }
  }
}

extension [Float] {
  /// Appends so many values, which the body writes.
  mutating func appendValues(
    _ count: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    let start = self.count
    append(contentsOf: repeatElement(0, count: count))
    withUnsafeMutableBufferPointer { fill(UnsafeMutableBufferPointer(rebasing: $0[start...])) }
  }
}
