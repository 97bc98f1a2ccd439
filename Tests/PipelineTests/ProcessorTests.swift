#if arch(x86_64)
  import Foundation
  import Kernels
  import Testing

  /// Processors without AVX-512, which oneDNN and OpenBLAS play when they are told to.
  @Suite struct ProcessorTests {
    static let older = ["env", "ONEDNN_MAX_CPU_ISA=AVX2", "OPENBLAS_CORETYPE=Haswell"]

    @Test(arguments: Precision.allCases)
    func anOlderProcessorTrainsTheSameStudentAndSaysWhatItUses(precision: Precision) throws {
      let work = try Workspace.shared()
      let scratch = try ScratchFolder()
      let options = ["--precision", precision.rawValue]
      let outcome = try ChildProcess.run(
        Self.older[0],
        Self.older.dropFirst() + [Pipeline.executable]
          + work.trainStudent(output: scratch.path("older"), options))
      try #require(outcome.ending == .exited(0), "\(outcome.summary)")
      #expect(outcome.errors.contains("kernels: OpenBLAS Haswell"), "\(outcome.summary)")
      #expect(
        outcome.errors.contains("bf16 (emulated, slower than fp32)") == (precision == .bf16),
        "\(outcome.summary)")
      try Pipeline.succeed(work.trainStudent(output: scratch.path("newer"), options))
      let losses = try Evaluation.reports(
        of: [scratch.path("older"), scratch.path("newer")], corpus: work.heldOut
      ).map(\.heldOut.loss)
      // Sums in another order, over 12 steps; of rounded numbers they differ in the last of 8 bits.
      let tolerance = precision == .fp32 ? 1e-4 : 2e-3
      #expect(abs(losses[0] - losses[1]) < tolerance * losses[1], "\(losses)")
    }
  }
#endif
