import Foundation
import StudentTrainer

/// Work for the peers, as `Benchmarks/compute` takes it.
struct PeerWork: Encodable {
  /// Which work, and in which library.
  enum Kind: String, Encodable {
    case encoder
    case onnxEncoder = "onnx_encoder"
    case teacherPass = "teacher_pass"
    case mlmStep = "mlm_step"
    case distillationStep = "distillation_step"
  }

  /// Where the targets of a distillation step come from.
  enum Targets: String, Encodable {
    /// Computed before, of the masked positions.
    case memory
    /// A teacher beside the student, at the masked positions.
    case online
    /// The same at all positions.
    case all
  }

  var kind: Kind
  /// The model's folder.
  var folder: String
  /// Files of batches.
  var inputs: [String]
  var precision: ComputePrecision
  /// The teacher's folder.
  var teacher: String?
  var targets: Targets?
  /// IDs that are kept of a row of logits.
  var k: Int?
  /// Where the graph goes that is made for ONNX Runtime.
  var graph: String?
  var recipe: Recipe?

  /// The numbers of training.
  struct Recipe: Encodable {
    let learningRate, beta1, beta2, epsilon, weightDecay, clipNorm: Double
    let temperature, alphaCe, alphaMlm, alphaCos: Double
    /// Steps whose losses are compared.
    let checked: Int

    init(_ configuration: TrainingConfiguration, checked: Int) {
      learningRate = configuration.learningRate
      beta1 = configuration.beta1
      beta2 = configuration.beta2
      epsilon = configuration.epsilon
      weightDecay = configuration.weightDecay
      clipNorm = configuration.clipNorm
      temperature = configuration.temperature
      alphaCe = configuration.alphaCE
      alphaMlm = configuration.alphaMLM
      alphaCos = configuration.alphaCos
      self.checked = checked
    }
  }
}
