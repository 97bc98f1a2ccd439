import Kernels
import Testing
import Transformer

/// The last layer at some tokens alone, beside all of them: the same states, losses and gradients.
@Suite(.serialized) struct LastLayerTests {
  /// Tokens at which the states are read, of which the head reads some.
  static let tokens: [Int32] = [0, 1, 5, 17, 30, 39, 40, 44, 60, 77, 100, 130, 143]
  static let batch = PrecisionTests.batch
  static let rows = PrecisionTests.rows

  /// Products of other shapes add up in another order; in bf16 that may turn the last of 8 bits.
  static func tolerance(_ precision: Precision) -> Double { precision == .fp32 ? 1e-5 : 1e-2 }

  static func difference(_ found: [Float], _ expected: [Float]) -> Double {
    let size = PrecisionTests.norm(expected)
    return PrecisionTests.norm(zip(found, expected).map { $0 - $1 }) / max(size, 1e-6)
  }

  @Test(arguments: Architecture.allCases, Precision.allCases)
  func statesAndLogitsAreThoseOfTheWholeLayer(architecture: Architecture, precision: Precision) {
    let model = PrecisionTests.model(architecture)
    model.precision = precision
    func run(_ tokens: [Int32]?) -> (states: [Float], logits: [Float], shapes: [Int]) {
      var shapes: [Int] = []
      model.encode(Self.batch, training: false, lastLayerAt: tokens) { shapes.append($1.rows) }
      let places = model.rows(ofTokens: Self.tokens, layer: 2)
      let states = places.flatMap { Array(model.lastHiddenStates.row(Int($0))) }
      var logits: [Float] = []
      model.forEachLogitChunk(rows: Self.rows) { _, chunk, _ in logits += Array(chunk.elements) }
      return (states, logits, shapes)
    }
    let (whole, found) = (run(nil), run(Self.tokens))
    let all = Self.batch.tokenCount
    #expect(whole.shapes == [all, all, all])
    #expect(found.shapes == [all, all, Self.tokens.count])
    #expect(Self.difference(found.states, whole.states) < Self.tolerance(precision))
    #expect(Self.difference(found.logits, whole.logits) < Self.tolerance(precision))
  }

  @Test(arguments: Architecture.allCases, Precision.allCases)
  func gradientsAreThoseOfTheWholeLayer(architecture: Architecture, precision: Precision) {
    for layers in [1, 2] {
      let model = PrecisionTests.model(architecture, layers: layers)
      model.precision = precision
      func run(_ tokens: [Int32]?) -> [Float] {
        model.clearGradients()
        model.encode(Self.batch, training: true, lastLayerAt: tokens)
        model.trainHead(rows: Self.rows) { range, logits in
          _ = crossEntropy(logits, labels: range.map { $0 * 11 }, rows: Self.rows.count)
        }
        // A loss on the states themselves, as the cosine loss is one.
        for row in model.rows(ofTokens: Self.tokens, layer: layers) {
          let (state, gradient) = (
            model.hiddenState(layers).row(Int(row)), model.lastHiddenGradient.row(Int(row))
          )
          for index in state.indices { gradient[index] += 0.01 * (state[index] - 0.5) }
        }
        var shapes: [Int] = []
        model.backward { shapes.append($1.rows) }
        let all = Self.batch.tokenCount
        #expect(
          shapes == [tokens?.count ?? all] + Array(repeating: all, count: layers), "\(layers)")
        return Array(model.gradients.elements)
      }
      let (whole, found) = (run(nil), run(Self.tokens))
      for entry in model.layout.entries {
        // Sums that cancel: rounding alone in either.
        if case .layer(_, .key, .bias) = entry.parameter { continue }
        let range = entry.offset..<entry.offset + entry.count
        let difference = Self.difference(Array(found[range]), Array(whole[range]))
        #expect(difference < 2 * Self.tolerance(precision), "\(entry.name) of \(layers) layers")
      }
    }
  }

  @Test func batchesOfAllAndOfSomeTokensMayTakeTurns() {
    let model = PrecisionTests.model()
    let choices: [[Int32]?] = [nil, Self.tokens, Array(Self.tokens.prefix(3)), nil, [143], []]
    let expected = PrecisionTests.step(model)
    for choice in choices {
      model.encode(Self.batch, training: true, lastLayerAt: choice)
      model.backward()
      model.encode(Self.batch, training: false, lastLayerAt: choice)
    }
    let again = PrecisionTests.step(model)
    #expect(again.loss == expected.loss && again.gradients == expected.gradients)
  }

  @Test(arguments: Precision.allCases)
  func rowsThatAreKeptComeBackToTheirPlaces(precision: Precision) {
    let (count, columns) = (9, 3)
    let source = FloatBuffer(count: count * columns)
    for index in 0..<source.count { source.base[index] = Float(index + 1) }
    let plain = Matrix(source, rows: count, columns: columns)
    for rows in [[0, 1, 4, 8], [2, 3], [8], [0], Array(0..<9), []] as [[Int32]] {
      let buffer = OperandBuffer(count: source.count, precision: precision)
      let matrix = Operand(buffer, rows: count, columns: columns)
      matrix.assign(plain)
      func row(_ index: Int) -> [Float] {
        (0..<columns).map { column in
          let place = index * columns + column
          return matrix.floats.map { $0[place] }
            ?? matrix.bfloat16.map { Float(bitPattern: UInt32($0[place]) << 16) } ?? .nan
        }
      }
      RowOperations.keep(rows, of: matrix)
      // Small whole numbers are the same in either format.
      for (index, place) in rows.enumerated() {
        #expect(row(index) == Array(plain.row(Int(place))))
      }
      RowOperations.spread(rows, of: matrix)
      for index in 0..<count {
        let isThere = rows.contains(Int32(index))
        #expect(row(index) == (isThere ? Array(plain.row(index)) : [0, 0, 0]), "\(rows)")
      }
    }
  }
}
