package import Kernels

/// An encoder (BERT, DistilBERT or ALBERT) with its masked-language-model head.
///
/// The object owns its parameters, gradients and activations; one thread calls it at a time, and
/// the products inside use the threads of `Parallel`.
package final class MaskedLanguageModel {
  /// The model's shape.
  package let configuration: EncoderConfiguration
  /// Where each parameter lies in `parameters` and in `gradients`.
  package let layout: ParameterLayout
  /// All parameters, one contiguous array.
  ///
  /// Whoever asks for it may change it: packed copies of weights are made anew after each access. So
  /// ask again for each change instead of holding on to the array.
  package var parameters: FloatBuffer {
    parametersVersion += 1
    return storage
  }
  /// Changes all parameters, and with them their copy in bf16 where products read one.
  ///
  /// - Parameter body: Receives the parameters, and the copy in the same layout (nil where there is
  ///   none); it leaves in the copy what it leaves in the parameters, rounded.
  package func update(_ body: (FloatBuffer, OperandBuffer?) -> Void) {
    let parameters = parameters
    body(parameters, weights.roundedCopy(of: parametersVersion))
  }
  /// The format that products multiply; norms, sums, losses and parameters are always fp32.
  package var precision: Precision = .fp32 {
    didSet {
      guard precision != oldValue else { return }
      activations = nil
      head.removeScratch()
      weights.removeAll()
    }
  }
  /// Gradients in the layout of `parameters`, added to by `trainHead` and `backward`.
  package var gradients: FloatBuffer {
    for weight in unwritten { zeroGradient(of: weight) }
    unwritten.removeAll(keepingCapacity: true)
    return gradientStorage
  }

  let storage: FloatBuffer
  private(set) lazy var gradientStorage = FloatBuffer(count: layout.count)
  /// Weights whose gradients are zero without being written as such: their first product replaces
  /// what is there.
  private var unwritten: Set<Parameter> = []
  private(set) var parametersVersion = 0
  let weights = ModelWeights()
  var activations: Activations?
  var batch = PackedBatch(tokenIDs: [], sequenceStarts: [0])
  var attention: Attention
  /// True where the batch was encoded for `backward`.
  private(set) var isTraining = false
  /// Tokens at which the last layer was computed; nil for all.
  private(set) var lastTokens: [Int32]?
  /// The row of each token among them, -1 for the others.
  private var lastRows: [Int32] = []
  let head: MaskedLanguageModelHead

  /// Makes a model whose parameters are all zero.
  ///
  /// - Parameters:
  ///   - configuration: The model's shape.
  ///   - projections: As of `ParameterLayout`.
  package init(configuration: EncoderConfiguration, projections: [Int] = []) {
    self.configuration = configuration
    layout = ParameterLayout(configuration, projections: projections)
    storage = FloatBuffer(count: layout.count)
    attention = Self.attention(of: batch, configuration, .fp32)
    head = MaskedLanguageModelHead(configuration: configuration)
  }

  /// Sets weights to draws from N(0, initializerRange²), biases to 0 and norms to the identity.
  package func initializeRandomly(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    for entry in layout.entries { initialize(entry, using: &generator) }
  }

  private static func attention(
    of batch: PackedBatch, _ configuration: EncoderConfiguration, _ precision: Precision
  ) -> Attention {
    Attention(
      sequenceStarts: batch.sequenceStarts, heads: configuration.numAttentionHeads,
      hidden: configuration.hiddenSize, precision: precision)
  }

  func initialize(_ entry: ParameterLayout.Entry, using generator: inout SplitMix64) {
    let values = UnsafeMutableBufferPointer(
      start: parameters.base + entry.offset, count: entry.count)
    if entry.decays {
      let scale = Double(configuration.initializerRange)
      for index in values.indices { values[index] = Float(scale * generator.nextNormal()) }
    } else {
      values.update(repeating: entry.parameter.isNormScale ? 1 : 0)
    }
  }

  /// The values of a parameter, to be read.
  package func values(of parameter: Parameter) -> UnsafeMutablePointer<Float> {
    storage.base + layout.entry(parameter).offset
  }

  /// A product's weight as a matrix `[out, in]`, to be read.
  package func weight(_ parameter: Parameter) -> Matrix {
    let entry = layout.entry(parameter)
    return Matrix(storage, offset: entry.offset, rows: entry.shape[0], columns: entry.shape[1])
  }

  /// Sets all gradients to zero.
  package func clearGradients() {
    for entry in layout.entries {
      if let weight = entry.parameter.product {
        unwritten.insert(weight)
      } else {
        zeroGradient(of: entry.parameter)
      }
    }
  }

  private func zeroGradient(of parameter: Parameter) {
    let entry = layout.entry(parameter)
    let base = gradientStorage.base + entry.offset
    let count = entry.count * (parameter.isQuery ? 3 : 1)
    Parallel.forEach(count, grain: 1 << 14) { part in
      (base + part.lowerBound).update(repeating: 0, count: part.count)
    }
  }

  /// True where the gradient of a weight is still to be replaced rather than added to.
  func takeUnwritten(_ weight: Parameter) -> Bool { unwritten.remove(weight) != nil }

  func gradient(of parameter: Parameter) -> UnsafeMutablePointer<Float> {
    if takeUnwritten(parameter) { zeroGradient(of: parameter) }
    return gradientStorage.base + layout.entry(parameter).offset
  }

  /// Runs the encoder over a batch.
  ///
  /// - Parameters:
  ///   - batch: Sequences no longer than `maxPositionEmbeddings`, IDs below `vocabSize`.
  ///   - training: Keep what `backward` needs, and set `lastHiddenGradient` to zero.
  ///   - tokens: Where the last layer's output is wanted, rising; all tokens where nil. What follows
  ///     the last attention is then computed there alone, and the last states have a row for each.
  ///   - visit: Receives hidden states as they are made, `[tokens, hidden]`: 0 of the embeddings, then
  ///     each layer's; without training their memory is soon overwritten.
  /// - Precondition: the batch fits the configuration.
  package func encode(
    _ batch: PackedBatch, training: Bool, lastLayerAt tokens: [Int32]? = nil,
    visit: (_ layer: Int, _ states: Matrix) -> Void = { _, _ in }
  ) {
    check(batch)
    self.batch = batch
    isTraining = training
    choose(tokens)
    attention = Self.attention(of: batch, configuration, precision)
    let plan = plan(training: training)
    embed(into: plan)
    var hidden = plan.embeddings
    visit(0, view(hidden.floats, configuration.hiddenSize))
    for layer in 0..<configuration.numHiddenLayers {
      forward(layer: layer, input: hidden, plan.layers[layer])
      hidden = plan.layers[layer].output
      let rows = self.tokens(after: layer)?.count
      visit(layer + 1, view(hidden.floats, configuration.hiddenSize, rows: rows))
    }
    if training { lastHiddenGradient.elements.update(repeating: 0) }
  }

  /// Sets the tokens of the last layer.
  private func choose(_ tokens: [Int32]?) {
    lastTokens = nil
    guard let tokens, !tokens.isEmpty, tokens.count < batch.tokenCount else { return }
    RowOperations.requireRising(tokens, within: batch.tokenCount)
    lastTokens = tokens
    lastRows.removeAll(keepingCapacity: true)
    lastRows.append(contentsOf: repeatElement(-1, count: batch.tokenCount))
    for (row, token) in tokens.enumerated() { lastRows[Int(token)] = Int32(row) }
  }

  /// The tokens that a layer goes on with after its attention; nil for all.
  func tokens(after layer: Int) -> [Int32]? {
    layer == configuration.numHiddenLayers - 1 ? lastTokens : nil
  }

  /// Rows of tokens in the states of the embeddings (0) or of a layer.
  ///
  /// - Precondition: of the last layer they are among those that were asked for.
  package func rows(ofTokens tokens: [Int32], layer: Int) -> [Int32] {
    guard layer == configuration.numHiddenLayers, lastTokens != nil else { return tokens }
    return tokens.map { token in
      let row = lastRows[Int(token)]
      precondition(row >= 0, "the last layer was not computed at token \(token)")
      return row
    }
  }

  /// The last layer's output, `[tokens, hidden]`, of the tokens that were asked for; valid until the
  /// next `encode`.
  package var lastHiddenStates: Matrix { states(configuration.numHiddenLayers) }

  /// The embeddings' output and each layer's, `[tokens, hidden]`, after `encode(training: true)`.
  package var hiddenStates: [Matrix] { (0...configuration.numHiddenLayers).map(hiddenState) }

  /// The gradient of the loss by `lastHiddenStates`; `trainHead` and the caller add to it.
  package var lastHiddenGradient: Matrix {
    view(
      backwardScratch.lastHidden.floats, configuration.hiddenSize, rows: lastTokens?.count)
  }

  /// The output of the embeddings (0) or of a layer, `[tokens, hidden]`, after
  /// `encode(training: true)`; kept while `backward` runs.
  package func hiddenState(_ layer: Int) -> Matrix {
    precondition(isTraining, "inner hidden states are kept by encode(training: true)")
    return states(layer)
  }

  private func states(_ layer: Int) -> Matrix {
    let states = layer == 0 ? encoded.embeddings : encoded.layers[layer - 1].output
    return view(
      states.floats, configuration.hiddenSize,
      rows: layer == 0 ? nil : tokens(after: layer - 1)?.count)
  }

  /// Propagates `lastHiddenGradient` through the encoder and adds to `gradients`.
  ///
  /// - Parameter adding: May add to the gradient of a hidden state, of its shape, before it is
  ///   propagated: called for each layer from the last down to 0, the embeddings' output.
  /// - Precondition: the batch was encoded for training; called once for each `encode`.
  package func backward(
    _ adding: (_ layer: Int, _ gradient: Matrix) -> Void = { _, _ in }
  ) {
    let plan = encoded
    adding(configuration.numHiddenLayers, lastHiddenGradient)
    for layer in (0..<configuration.numHiddenLayers).reversed() {
      let input = layer == 0 ? plan.embeddings : plan.layers[layer - 1].output
      backward(layer: layer, input: input, plan.layers[layer])
      adding(layer, hiddenGradient)
    }
    embedBackward()
  }

  /// The gradient of the states that `backward` has come to, below the last layer.
  var hiddenGradient: Matrix {
    view(backwardScratch.lastHidden.floats, configuration.hiddenSize)
  }

  /// The first rows of a buffer: of as many as the batch has tokens unless told.
  func view(_ buffer: FloatBuffer, _ columns: Int, rows: Int? = nil) -> Matrix {
    Matrix(buffer, rows: rows ?? batch.tokenCount, columns: columns)
  }

  func view(_ buffer: OperandBuffer, _ columns: Int, rows: Int? = nil) -> Operand {
    Operand(buffer, rows: rows ?? batch.tokenCount, columns: columns)
  }

  /// Hidden states as products read them.
  func operand(_ hidden: Activations.Hidden, rows: Int? = nil) -> Operand {
    operand(hidden, configuration.hiddenSize, rows: rows)
  }

  /// Normalised activations of a width, as products read them.
  func operand(_ values: Activations.Hidden, _ width: Int, rows: Int? = nil) -> Operand {
    values.rounded.map { view($0, width, rows: rows) }
      ?? Operand(view(values.floats, width, rows: rows))
  }

  var encoded: Activations {
    guard let activations else { preconditionFailure("encode a batch first") }
    return activations
  }

  var backwardScratch: Activations.BackwardScratch {
    guard isTraining, let scratch = encoded.backward else {
      preconditionFailure("the batch was encoded for inference; pass training: true")
    }
    return scratch
  }

  /// Takes the memory of a training step before the first one, so that no later batch needs more.
  ///
  /// - Parameter batch: The largest batch that will come.
  package func reserve(_ batch: MemoryPlan.Batch) {
    activations = nil
    activations = Activations(
      configuration: configuration, precision: precision, tokens: batch.tokens,
      probabilityCount: batch.probabilities(heads: configuration.numAttentionHeads),
      longestSequence: batch.longestSequence, training: true)
  }

  /// The memory plan for the current batch; grown by a quarter where it is too small.
  private func plan(training: Bool) -> Activations {
    let tokens = batch.tokenCount
    let longest = batch.longestSequence
    let starts = attention.probabilityStarts
    let probabilities = starts[starts.count - 1]
    if let activations,
      activations.holds(
        tokens: tokens, probabilityCount: probabilities, longestSequence: longest,
        training: training)
    {
      return activations
    }
    let old = activations
    activations = nil  // frees the old plan before the new one is made
    let plan = Activations(
      configuration: configuration, precision: precision,
      tokens: max(tokens, old.map { min($0.tokens * 5 / 4, tokens * 5 / 4) } ?? 0),
      probabilityCount: max(probabilities, old?.probabilityCount ?? 0),
      longestSequence: max(longest, old?.longestSequence ?? 0),
      training: training || old?.training == true)
    activations = plan
    return plan
  }

  private func check(_ batch: PackedBatch) {
    precondition(batch.tokenCount > 0, "an empty batch")
    precondition(
      batch.longestSequence <= configuration.maxPositionEmbeddings,
      "a sequence of \(batch.longestSequence) tokens; the model has "
        + "\(configuration.maxPositionEmbeddings) positions")
    let vocabulary = Int32(configuration.vocabSize)
    precondition(
      batch.tokenIDs.allSatisfy { $0 >= 0 && $0 < vocabulary },
      "a token ID is outside 0..<\(vocabulary)")
    let types = Int32(configuration.typeVocabSize)
    precondition(
      batch.typeIDs.allSatisfy { $0 >= 0 && $0 < types }, "a token type is outside 0..<\(types)")
  }
}

extension Parameter {
  /// The weight whose product writes this gradient; queries, keys and values are one.
  var product: Parameter? {
    switch self {
    case .wordEmbeddings, .embeddingProjection(.weight), .headTransform(.weight), .projection,
      .layer(_, .attentionOutput, .weight), .layer(_, .intermediate, .weight),
      .layer(_, .output, .weight):
      self
    case .layer(let layer, .query, .weight), .layer(let layer, .key, .weight),
      .layer(let layer, .value, .weight):
      .layer(layer, .query, .weight)
    default: nil
    }
  }

  /// True for the weight that stands for those of queries, keys and values.
  var isQuery: Bool {
    if case .layer(_, .query, .weight) = self { true } else { false }
  }

  /// True for the scale of a layer norm, which starts at 1.
  var isNormScale: Bool {
    switch self {
    case .embeddingNorm(.weight), .layer(_, .attentionNorm, .weight),
      .layer(_, .outputNorm, .weight), .headNorm(.weight):
      true
    default: false
    }
  }
}

extension MaskedLanguageModel {
  /// Attention probabilities `[L, L]` (query, key) of one head, after `encode(training: true)`.
  package func attentionProbabilities(layer: Int, sequence: Int, head: Int) -> Operand {
    guard isTraining, let probabilities = encoded.layers[layer].probabilities else {
      preconditionFailure("inner states are kept by encode(training: true)")
    }
    let length = Int(batch.sequenceStarts[sequence + 1] - batch.sequenceStarts[sequence])
    return Operand(
      probabilities,
      offset: attention.probabilityStarts[sequence] + head * length * length, rows: length,
      columns: length)
  }
}
