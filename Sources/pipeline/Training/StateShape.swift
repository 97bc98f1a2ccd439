import Foundation
import Logging
import LogitCache
import StudentTrainer
import Transformer

/// The teacher's hidden states, as a run can get them.
struct StateShape {
  /// Width of a state.
  let hiddenSize: Int
  /// The teacher's number of layers.
  let layers: Int
  /// Layers whose states there are, 0 the embeddings.
  let available: [Int]

  /// Of the cache whose states serve, or of a teacher that runs; nil without either.
  ///
  /// - Throws: What reading the teacher's configuration throws.
  init?(cache: CacheReader?, onlineTeacher: String?) throws {
    if let specification = cache?.specification {
      hiddenSize = specification.teacher.hiddenSize
      layers = specification.teacher.layers
      available = specification.keptStateLayers
    } else if let onlineTeacher {
      let shape = try ConfigurationFile.read(folder: URL(argument: onlineTeacher))
      hiddenSize = shape.hiddenSize
      layers = shape.numHiddenLayers
      available = Array(0...layers)
    } else {
      return nil
    }
  }
}

extension LossOptions {
  /// Decides which losses on states there are and whether they go through projections.
  ///
  /// The cosine loss of the last states is left out, with a notice, where it cannot be as it is and
  /// nobody asked for it: by its weight, or by --project-states where sizes differ.
  ///
  /// - Throws: `CommandFailure` for a map of layers that a model does not have.
  func settleStates(
    _ configuration: inout TrainingConfiguration, _ model: inout MaskedLanguageModel,
    teacher: StateShape?, seed: UInt64, _ log: Logger
  ) throws {
    let student = model.configuration
    let differ = teacher.map { $0.hiddenSize != student.hiddenSize } ?? false
    if configuration.alphaCos > 0, cosineWeight == nil, let teacher {
      if !teacher.available.contains(teacher.layers) {
        configuration.alphaCos = 0
        log.notice(
          "no cosine loss, since the cache keeps no hidden states\(teacher.available.isEmpty ? "" : " of the last layer")"
        )
      } else if differ && !projectStates {
        configuration.alphaCos = 0
        log.notice(
          """
          no cosine loss, since the student's hidden size \(student.hiddenSize) is not the teacher's \
          \(teacher.hiddenSize); --project-states learns a projection for it
          """)
      }
    }
    guard let teacher else { return }
    if var hidden = configuration.hidden {
      if hidden.pairs.isEmpty {
        hidden.pairs = HiddenLoss.evenPairs(
          studentLayers: student.numHiddenLayers, teacherLayers: teacher.layers)
      }
      for pair in hidden.pairs
      where pair.student > student.numHiddenLayers || pair.teacher > teacher.layers {
        throw CommandFailure(
          "--hidden-map \(pair.student):\(pair.teacher): the student has layers 0 (the embeddings) to "
            + "\(student.numHiddenLayers), the teacher 0 to \(teacher.layers)")
      }
      configuration.hidden = hidden
    }
    let count =
      (configuration.alphaCos > 0 ? 1 : 0) + (configuration.hidden?.pairs.count ?? 0)
    guard count > 0, differ || projectStates else { return }
    model = model.withProjections(
      to: [Int](repeating: teacher.hiddenSize, count: count), seed: seed)
    log.info(
      "\(count) learned projection(s) of the student's states to \(teacher.hiddenSize) dimensions")
  }
}
