import Foundation
import Report
import Testing

/// Reading `metrics.jsonl` as it is found.
struct MetricsLogTests {
  @Test func everyNumberIsKeptByItsKeyAndStep() {
    let log = MetricsLog(
      lines: Data(
        """
        {"step":1,"loss":3.5,"loss_new":0.25}
        {"step":2,"eval_loss":7,"eval_positions":9}
        {"step":2,"loss":3,"note":"text"}

        """.utf8))
    #expect(log["loss"] == [.init(step: 1, value: 3.5), .init(step: 2, value: 3)])
    #expect(log["loss_new"] == [.init(step: 1, value: 0.25)])
    #expect(log["eval_loss"] == [.init(step: 2, value: 7)])
    #expect(log["note"].isEmpty && log["step"].isEmpty)
    #expect(log.damagedLines.isEmpty)
    #expect(log.lastStep == 2)
  }

  @Test func damagedLinesAreCountedAndLeftOut() {
    let log = MetricsLog(
      lines: Data(
        "{\"step\":1,\"loss\":3}\n{\"step\":2,\"lo\n[1]\n{\"loss\":2}\n{\"step\":5,\"loss\":1".utf8)
    )
    #expect(log.damagedLines == [2, 3, 4, 5])
    #expect(log["loss"] == [.init(step: 1, value: 3)])
  }
}
