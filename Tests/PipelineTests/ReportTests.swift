import Foundation
import Testing

/// `pipeline report`: the page's text, and the page in a browser.
struct ReportTests {
  /// Two finished runs with curves, one of them under a hostile name; a third that was cut short.
  private struct Runs {
    let scratch: ScratchFolder
    let folder: String
    static let hostile = "<img onerror=alert(1)> & \"b\""

    init() throws {
      let work = try Workspace.shared()
      scratch = try ScratchFolder()
      folder = scratch.path("runs")
      let curves = ["--eval-corpus", work.heldOut, "--eval-every", "4", "--log-every", "1"]
      try Pipeline.succeed(work.trainStudent(output: "\(folder)/a", curves))
      try Pipeline.succeed(
        work.trainStudent(output: "\(folder)/\(Self.hostile)", curves + ["--temperature", "3"]))
      let unfinished = try scratch.copy("\(folder)/a", as: "runs/cut")
      for file in ["finished.json", "config.json", "model.safetensors"] {
        try FileManager.default.removeItem(atPath: "\(unfinished)/\(file)")
      }
      let metrics = "\(unfinished)/metrics.jsonl"
      let lines = try String(contentsOf: URL(filePath: metrics), encoding: .utf8)
      try Data((lines + "{\"step\":99,\"lo").utf8).write(to: URL(filePath: metrics))
    }

    /// Steps of a run's lines that hold a key.
    func count(_ run: String, _ key: String) throws -> Int {
      try Evaluation.metricsWithoutTimes("\(folder)/\(run)").count { $0.contains("\"\(key)\":") }
    }
  }

  private func report(_ arguments: [String], in scratch: ScratchFolder) throws -> String {
    let file = scratch.path("report.html")
    try Pipeline.succeed(["report"] + arguments + ["--output", file, "--threads", "1"])
    return try String(contentsOf: URL(filePath: file), encoding: .utf8)
  }

  @Test func thePageHasEveryRunAndSaysWhatIsMissing() throws {
    let work = try Workspace.shared()
    let runs = try Runs()
    let page = try report(
      [
        runs.folder, "--teacher", work.teacher, "--eval-corpus", work.heldOut, "--cache",
        work.cache,
      ],
      in: runs.scratch)
    #expect(page.contains("&lt;img onerror=alert(1)&gt; &amp; &quot;b&quot;"))
    #expect(!page.contains("<img"))
    #expect(page.contains("data-students=\"3\""))
    #expect(page.contains("<li>cut is not finished</li>"))
    let lines = try Evaluation.metricsWithoutTimes("\(runs.folder)/a").count
    #expect(
      page.contains("<li>cut line \(lines + 1) of metrics.jsonl is damaged and left out</li>"))
    // The own evaluation of a run stands as it is, with the digits of finished.json.
    let summary = try JSONDecoder().decode(
      Finished.self, from: Data(contentsOf: URL(filePath: "\(runs.folder)/a/finished.json")))
    #expect(page.contains(String(format: ">%.4f<", summary.evaluation.evalLoss)))
    #expect(page.contains("is an estimate"))
    #expect(page.contains("The teacher read"))
    #expect(page.contains("data-figure=\"fidelity\""))
    // Nothing is loaded from anywhere, and no script runs.
    for text in ["src=", "@import", "url(", "<script", "http"] { #expect(!page.contains(text)) }
  }

  private struct Finished: Decodable {
    struct Evaluation: Decodable { let evalLoss: Double }
    let evaluation: Evaluation
  }

  @Test func whatRunsKnowOfThemselvesIsTold() throws {
    let work = try Workspace.shared()
    let scratch = try ScratchFolder()
    let page = try report([work.student], in: scratch)
    #expect(page.contains("The teacher read"))  // the cache that run.yaml names
    #expect(page.contains("No run was evaluated as it went"))
    #expect(!page.contains("data-figure=\"eval_loss\""))
    #expect(page.contains("data-figure=\"loss\""))
    // A student that was never evaluated is, where there is a text.
    let evaluated = try report([work.student, "--eval-corpus", work.heldOut], in: scratch)
    let loss = try Evaluation.reports(of: [work.student], corpus: work.heldOut)[0].heldOut.loss
    #expect(evaluated.contains(String(format: "%.4f", loss)))
  }

  @Test func aFolderWithoutRunsIsRefused() throws {
    let scratch = try ScratchFolder()
    let file = scratch.path("report.html")
    try Pipeline.expectFailure(
      ["report", scratch.url.path, "--output", file], saying: ["is no run and holds none"])
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  /// What the browser finds on the page.
  private struct Found: Decodable {
    struct Curve: Decodable {
      let figure: String
      let run: String
      let points: [Int]
    }
    let curves: [Curve]
    let rows: Int
    let bars: Int
    let dots: Int
    let scrollWidth: Int
    let innerWidth: Int
    let outside: [String]
  }

  private static let probe = """
    const count = path => (path.getAttribute('d').match(/[ML]/g) || []).length;
    const scrolled = e => e.closest('.scroll') !== null;
    return {
      curves: [...document.querySelectorAll('.run')].map(g => ({
        figure: g.closest('figure').dataset.figure, run: g.dataset.run,
        points: [...g.querySelectorAll('path')].map(count)})),
      rows: document.querySelectorAll('#students tbody tr').length,
      bars: document.querySelectorAll('#spent rect').length,
      dots: document.querySelectorAll('#fidelity circle').length,
      scrollWidth: document.documentElement.scrollWidth, innerWidth: window.innerWidth,
      outside: [...document.querySelectorAll('main *')].filter(e => !scrolled(e)
        && !e.ownerSVGElement && e.getBoundingClientRect().right > window.innerWidth + 0.5)
        .map(e => e.tagName + '.' + e.className)
    };
    """

  @Test(
    .enabled("needs a headless Chromium: DECANT_CHROMIUM, or one on the PATH") {
      Browser.executable != nil
    })
  func aBrowserShowsEveryValueOnADeskAndOnAPhone() throws {
    let work = try Workspace.shared()
    let runs = try Runs()
    _ = try report(
      [
        runs.folder, "--teacher", work.teacher, "--eval-corpus", work.heldOut, "--cache",
        work.cache,
      ],
      in: runs.scratch)
    for width in [1280, 390] {
      let page = try Browser.open(
        runs.scratch.path("report.html"), probe: Self.probe, width: width, as: Found.self)
      let found = page.found
      #expect(page.console.isEmpty, "\(page.console)")
      #expect(page.requests.isEmpty, "\(page.requests)")
      #expect(found.innerWidth == width)
      #expect(found.scrollWidth <= width)
      #expect(found.outside.isEmpty, "\(found.outside)")
      #expect(found.rows == 4)
      #expect(found.bars == 4)
      #expect(found.dots > 0)
      for key in [
        "loss", "loss_ce", "loss_mlm", "loss_cos", "eval_loss", "learning_rate", "grad_norm",
      ] {
        for run in ["a", Runs.hostile] {
          let expected = try runs.count(run, key)
          let curve = found.curves.first { $0.figure == key && $0.run == run }
          #expect(expected > 1)
          #expect(
            curve?.points.allSatisfy { $0 == expected } == true, "\(key) of \(run): \(expected)")
        }
      }
      #expect(found.curves.contains { $0.run == "cut" })
    }
  }
}
