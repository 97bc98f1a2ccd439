import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

struct OptimizerTests {
  @Test("the schedule rises from 0, peaks after the warm-up and ends at 0")
  func schedule() {
    // transformers.get_linear_schedule_with_warmup(optimizer, 3, 12), peak 1e-3.
    let schedule = RateSchedule(peak: 1e-3, warmupSteps: 3, totalSteps: 12)
    let expected: [Double] = (0..<12).map { (step: Int) -> Double in
      step < 3 ? Double(step) / 3000 : Double(12 - step) / 9000
    }
    for (step, rate) in expected.enumerated() {
      #expect(abs(schedule.rate(step: step) - rate) < 1e-15)
    }
    #expect(schedule.rate(step: 12) == 0 && schedule.rate(step: 99) == 0)
    #expect(RateSchedule(peak: 2, warmupSteps: 0, totalSteps: 4).rate(step: 0) == 2)
  }

  @Test("clipping follows clip_grad_norm_ and can be turned off")
  func clipping() {
    let buffer = FloatBuffer(count: 200_001)
    for index in 0..<buffer.count { buffer.base[index] = 0.01 }
    let norm = GradientClipping.norm(buffer)
    // 0.01 as float is 0.01 (1 - 2.2e-8).
    #expect(abs(norm - 0.01 * 200_001.0.squareRoot()) < 1e-6)
    #expect(GradientClipping.coefficient(norm: 10, maxNorm: 5) == 5 / (10 + 1e-6))
    #expect(GradientClipping.coefficient(norm: 4, maxNorm: 5) == 1)
    #expect(GradientClipping.coefficient(norm: 1e9, maxNorm: 0) == 1)
  }

  @Test("AdamW equals its formulas in double, group by group")
  func adamW() {
    let model = TinyWorld.model(seed: 3)
    let layout = model.layout
    let options = AdamW.Options(
      beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1, headRateScale: 3)
    let optimizer = AdamW(layout: layout, options: options)
    var generator = SplitMix64(seed: 4)
    var p = model.parameters.elements.map(Double.init)
    var m = [Double](repeating: 0, count: p.count)
    var v = m
    for step in 1...5 {
      let rate = 1e-2 / Double(step)
      for index in 0..<layout.count {
        model.gradients.base[index] = Float(generator.nextNormal())
      }
      optimizer.update(
        model.parameters, gradients: model.gradients, learningRate: rate, gradientScale: 0.5)
      for entry in layout.entries {
        let eta = rate * (entry.isHead ? 3 : 1)
        let decay = entry.decays ? 0.1 : 0
        for i in entry.offset..<entry.offset + entry.count {
          let g = 0.5 * Double(model.gradients.base[i])
          m[i] = 0.9 * m[i] + 0.1 * g
          v[i] = 0.98 * v[i] + 0.02 * g * g
          let corrected = v[i].squareRoot() / (1 - pow(0.98, step)).squareRoot()
          p[i] -= eta * decay * p[i]
          p[i] -= eta / (1 - pow(0.9, step)) * m[i] / (corrected + 1e-6)
        }
      }
    }
    #expect(layout.entries.contains { $0.isHead && $0.decays })
    for i in 0..<layout.count {
      // Five roundings of parameters of magnitude 1.
      #expect(abs(Double(model.parameters.base[i]) - p[i]) < 1e-6)
    }
  }

  private func pow(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { product, _ in product * base }
  }
}
