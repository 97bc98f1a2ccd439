package import Foundation
package import Transformer

/// Hears of a run's progress, on the thread that runs it; the trainer itself prints nothing.
package protocol TrainingObserver {
  /// The run begins, or goes on after `completedSteps`.
  func trainingBegins(completedSteps: Int, totalSteps: Int)
  /// What the numbers of a step will take, at most; called once, before the first step.
  func memoryIsPlanned(_ plan: MemoryPlan)
  /// A step was done. Called for every step; `logged` tells that the metrics file has it too.
  func didFinish(_ step: StepMetrics, logged: Bool, totalSteps: Int)
  /// An evaluation was done.
  func didEvaluate(_ evaluation: EvaluationMetrics)
  /// An epoch has ended of which sequences were left out.
  func didSkip(_ sequences: SkipMetrics)
  /// A checkpoint is safe on the disk.
  func didSave(checkpoint: URL, step: Int)
}

extension TrainingObserver {
  /// Ignores the beginning.
  package func trainingBegins(completedSteps: Int, totalSteps: Int) {}
  /// Ignores the plan.
  package func memoryIsPlanned(_ plan: MemoryPlan) {}
  /// Ignores a step.
  package func didFinish(_ step: StepMetrics, logged: Bool, totalSteps: Int) {}
  /// Ignores an evaluation.
  package func didEvaluate(_ evaluation: EvaluationMetrics) {}
  /// Ignores what was left out.
  package func didSkip(_ sequences: SkipMetrics) {}
  /// Ignores a checkpoint.
  package func didSave(checkpoint: URL, step: Int) {}
}
