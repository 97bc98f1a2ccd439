import Corpus
import Foundation
import Kernels
import StudentTrainer
import Testing
import Transformer

struct EvaluatorTests {
  let world: TinyWorld

  init() throws { world = try TinyWorld(sequences: 200) }

  @Test("loss and accuracy equal their definitions, sequence by sequence")
  func definition() throws {
    let model = TinyWorld.model(seed: 60)
    let masks = world.masks(seed: 61)
    let masker = try Masker(masks)
    var (loss, correct, count, tokens) = (0.0, 0, 0, 0)
    for number in 0..<world.corpus.blockCount {
      let block = try world.corpus.block(number)
      for index in 0..<block.count {
        let ids = Array(block.sequence(index))
        let (corrupted, positions) = masker.corrupt(ids[...], replica: 0)
        tokens += ids.count
        guard !positions.isEmpty else { continue }
        model.encode(
          PackedBatch(tokenIDs: corrupted, sequenceStarts: [0, Int32(ids.count)]), training: false)
        model.forEachLogitChunk(rows: positions) { range, logits, _ in
          for offset in range.indices {
            let row = Array(logits.row(offset - range.lowerBound))
            let label = ids[Int(positions[offset])]
            loss += CrossEntropyLoss.evaluate(student: row.map(Double.init), label: label).loss
            correct += topIDs(row, 1)[0] == label ? 1 : 0
            count += 1
          }
        }
      }
    }
    for batchTokens in [64, 4096] {
      let result = try Evaluator(corpus: world.corpus, masks: masks, batchTokens: batchTokens)
        .evaluate(model)
      #expect(result.positions == count && result.tokens == tokens)
      // Products of other shapes round differently: a likeliest ID may tip over in a near tie.
      #expect(abs(result.loss - loss / Double(count)) < 1e-5)
      #expect(abs(result.accuracy - Double(correct) / Double(count)) < 0.005)
    }
  }

  @Test("an evaluation repeats exactly and can stop early")
  func repeats() throws {
    let model = TinyWorld.model(seed: 62)
    let evaluator = try Evaluator(corpus: world.corpus, masks: world.masks(), batchTokens: 128)
    let first = try evaluator.evaluate(model)
    #expect(try evaluator.evaluate(model) == first)
    let short = try Evaluator(
      corpus: world.corpus, masks: world.masks(), batchTokens: 128, maxTokens: 500
    ).evaluate(model)
    #expect(short.tokens >= 500 && short.tokens < 532)
  }

  @Test("latency is measured on a sequence that the model has positions for")
  func latency() {
    let result = LatencyMeasurement.measure(TinyWorld.model(seed: 63), runs: 5)
    #expect(result.tokens == 32 && result.runs == 5)
    #expect(result.fastestMilliseconds > 0)
    #expect(result.fastestMilliseconds <= result.medianMilliseconds)
  }
}
