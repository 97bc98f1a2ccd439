import Corpus
import Kernels
package import LogitCache
import Transformer

/// What all blocks share, from a sample.
extension TeacherPass {
  /// Tables made from a sample of sequences all over the corpus, under the first mask replica.
  ///
  /// - Throws: `CorpusError`; `LogitCacheError.badTarget` for logits that are not finite.
  package func makeTables() throws -> CacheTables { try makeTables(for: [specification])[0] }

  /// Tables of several caches, which differ in their targets alone, from one run of the teacher.
  ///
  /// - Parameters:
  ///   - specifications: Each of one class of positions or of this pass's classes.
  ///   - mostSequences: The sample's size at most.
  /// - Returns: The tables of each.
  /// - Throws: As `makeTables()`.
  package func makeTables(
    for specifications: [CacheSpecification], mostSequences: Int = 448
  ) throws -> [CacheTables] {
    let width = teacher.configuration.embeddingSize
    let samples = specifications.map { specification in
      specification.targets.map {
        TargetSample(target: $0, vocabSize: specification.vocabSize, hiddenSize: width)
      }
    }
    let masked = MaskedBlock(
      try sampledSequences(most: mostSequences), rule: rule, replica: 0)
    let wanted = zip(specifications, samples).filter { specification, _ in
      specification.targets.contains { $0.tail != .hidden || $0.headK > 0 }
    }.map(\.1)
    if !wanted.isEmpty {
      let classes = masked.target.classes
      try run(masked) { row, logits, input, _ in
        for samples in wanted {
          let sample = samples[classes.isEmpty ? 0 : Int(classes[row])]
          try sample.add(row: row, logits: logits, decoderInput: input)
        }
      }
    }
    let weight = teacher.weight(.wordEmbeddings)
    let bias = UnsafeBufferPointer(
      start: teacher.values(of: .decoderBias), count: teacher.configuration.vocabSize)
    let decoder = DecoderTable(weight: Array(weight.elements), bias: Array(bias))
    return try zip(specifications, samples).map {
      try CacheTables(
        specification: $0, samples: $1, corpusCounts: tokenCounts, decoder: decoder)
    }
  }

  /// One sequence in sixteen, 32 to `most` of them, evenly over the corpus.
  private func sampledSequences(most: Int) throws -> [ArraySlice<Int32>] {
    let total = corpus.manifest.sequences
    let count = min(total, min(max(total / 16, 32), most))
    var sequences: [ArraySlice<Int32>] = []
    var number = 0
    var block = try corpus.block(0)
    var first = 0
    for index in 0..<count {
      let wanted = index * total / count
      while wanted >= first + block.count {
        first += block.count
        number += 1
        block = try corpus.block(number)
      }
      sequences.append(block.sequence(wanted - first))
    }
    return sequences
  }
}
