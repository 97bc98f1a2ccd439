import LogitCache

/// Turns rows of a cache into the soft targets of a batch, at the run's temperature.
struct CachedTargets: Sendable {
  /// True where the soft-target loss has a weight.
  let wantsSoft: Bool
  /// True where the cosine loss has a weight.
  let wantsStates: Bool
  /// What of a block is decoded.
  let readOptions: ReadOptions
  private let hiddenSize: Int
  /// How the targets of each class of positions are made; empty without a soft-target loss.
  private let makers: [CachedPart]

  /// Checks that the cache holds what the losses need, and reads the output layer.
  ///
  /// - Throws: `StudentTrainerError.missingTargets` or `.invalidConfiguration`; what reading throws.
  init(reader: CacheReader, configuration: TrainingConfiguration) throws {
    let specification = reader.specification
    wantsSoft = configuration.alphaCE > 0
    wantsStates = configuration.alphaCos > 0
    hiddenSize = specification.teacher.hiddenSize
    if wantsStates && specification.states == .none {
      throw StudentTrainerError.missingTargets(
        loss: "the cosine loss (alphaCos \(configuration.alphaCos))",
        reason: "the cache keeps no hidden states; make one that does, or set alphaCos to 0")
    }
    readOptions = ReadOptions(
      headK: configuration.headK, rank: configuration.rank, wantsHead: wantsSoft,
      wantsTail: wantsSoft, wantsStates: wantsStates)
    makers =
      wantsSoft
      ? try specification.targets.indices.map {
        try CachedPart(reader: reader, classIndex: $0, configuration: configuration)
      } : []
  }

  /// Collects the targets of one batch.
  func collector() -> Collector { Collector(targets: self) }

  /// The targets of one batch, row by row.
  struct Collector {
    private let targets: CachedTargets
    private var parts: [CachedPart.Rows]
    private var partOf: [Int32] = []
    private var stateRows: [Int32] = []
    private var states: [Float] = []

    fileprivate init(targets: CachedTargets) {
      self.targets = targets
      parts = targets.makers.map { CachedPart.Rows($0) }
    }

    /// Adds what the cache keeps of a row, for a token of the batch.
    mutating func append(_ block: SoftTargetBlock, row: Int, token: Int32) {
      if targets.wantsSoft {
        let place = block.place(row)
        parts[place.part].append(block.parts[place.part], row: place.row)
        partOf.append(Int32(place.part))
      }
      if targets.wantsStates {
        states.appendValues(targets.hiddenSize) { block.copyState(row, into: $0) }
        stateRows.append(token)
      }
    }

    /// The soft targets and states.
    func finish() -> (SoftTargets, TeacherStates?) {
      let states =
        targets.wantsStates
        ? TeacherStates(rows: stateRows, hiddenSize: targets.hiddenSize, values: states) : nil
      guard targets.wantsSoft else { return (.none, states) }
      if parts.count == 1 { return (parts[0].finish(), states) }
      return (.mixed(MixedTargets(parts: parts.map { $0.finish() }, partOf: partOf)), states)
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
