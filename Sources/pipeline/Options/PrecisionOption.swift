import ArgumentParser
import Kernels

/// What products multiply in commands that run a model.
struct PrecisionOption: ParsableArguments {
  @Option(
    help: """
      What products multiply: fp32, or bf16, twice as fast where the processor has it. The default is \
      bf16 on such processors and fp32 elsewhere.
      """)
  var precision: Precision?

  /// What was asked for, or what suits this processor.
  var value: Precision { precision ?? .preferred }
}

extension Precision: ExpressibleByArgument {}
