import Foundation
import Kernels
import Transformer

func time(_ name: String, tokens: Int, _ body: () -> Void) {
  body()
  var best = Double.infinity
  for _ in 0..<3 {
    let s = ContinuousClock.now; body(); let d = ContinuousClock.now - s;
    best = min(best, Double(d.components.seconds) + Double(d.components.attoseconds) * 1e-18)
  }
  print(name, String(format: "%.3f s  %.0f tok/s", best, Double(tokens) / best))
}
print(OpenBLAS.kernels, Parallel.threads)
do {
  let a = FloatBuffer(count: 2048 * 768), b = FloatBuffer(count: 3072 * 768),
    c = FloatBuffer(count: 2048 * 3072)
  var best = Double.infinity
  for _ in 0..<8 {
    let s = ContinuousClock.now;
    MatrixProduct.multiply(
      Matrix(a, rows: 2048, columns: 768), Matrix(b, rows: 3072, columns: 768), transposeB: true,
      into: Matrix(c, rows: 2048, columns: 3072));
    let d = ContinuousClock.now - s; best = min(best, Double(d.components.attoseconds) * 1e-18)
  }
  print("gemm", 2 * 2048.0 * 3072 * 768 / best / 1e9)
}
if CommandLine.arguments.count > 1 { exit(0) }
for (layers, hidden, heads, T) in [
  (6, 384, 12, 4096), (3, 384, 12, 4096), (6, 128, 4, 4096), (12, 768, 12, 1024),
] {
  let m = MaskedLanguageModel(
    configuration: EncoderConfiguration(
      architecture: .bert, vocabSize: 30522, hiddenSize: hidden, numHiddenLayers: layers,
      numAttentionHeads: heads, intermediateSize: 4 * hidden))
  m.initializeRandomly(seed: 1)
  let seqs = (0..<T / 128).map { s in (0..<128).map { Int32(($0 * 37 + s * 101) % 30000) } }
  let batch = PackedBatch(sequences: seqs)
  let rows = stride(from: 3, to: T, by: 7).map(Int32.init)
  print("model", layers, hidden)
  time("encode", tokens: T) { m.encode(batch, training: false) }
  time("encode+logits", tokens: T) {
    m.encode(batch, training: false); m.forEachLogitChunk(rows: rows) { _, _, _ in }
  }
  time("train no loss", tokens: T) {
    m.encode(batch, training: true);
    m.trainHead(rows: rows) { _, l in l.base.update(repeating: 0.001, count: l.count) };
    m.backward()
  }
}
