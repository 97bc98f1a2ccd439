import Console
import StudentTrainer

/// What the teacher and the students took, beside the teacher at every step.
struct CostSection {
  let content: ReportContent

  private static let (width, barHeight, left) = (480.0, 24.0, 2.0)

  var section: HTML {
    """
    <section id="spent">
    <h2>What was spent</h2>
    \(text)
    </section>
    """
  }

  private var text: HTML {
    guard let pass = content.pass else {
      return """
        <p class="note">No cache was given (<code>--cache</code>), so the teacher’s pass is not known. \
        \(training)</p>
        """
    }
    guard let comparison = CostComparison(content.runs, pass: pass) else {
      let reason =
        pass.secondsPerToken == nil
        ? "the cache does not know how long the teacher took"
        : "no finished run here was trained on it"
      return """
        \(passText(pass))
        <p class="note">Nothing to compare with the teacher at every step: \(reason). \(training)</p>
        """
    }
    return """
      \(passText(pass))
      \(bars(comparison))
      \(method(comparison, pass))
      """
  }

  private func passText(_ pass: TeacherPassCost) -> HTML {
    let rate = pass.secondsPerToken.map { Format.count(Int((1 / $0).rounded())) }
    return """
      <p>The teacher read \(Format.count(pass.tokens, "token")) once\
      \(rate == nil ? "" : " in \(Format.duration(pass.seconds)), \(rate ?? "") a second,") and left \
      \(Format.count(pass.positions, "soft target")) in \(Format.bytes(pass.bytes)).</p>
      """
  }

  private var training: String {
    let seconds = content.runs.compactMap(\.summary?.seconds)
    return seconds.isEmpty
      ? "No run is finished."
      : "\(Format.count(seconds.count, "finished run")) took \(Format.duration(seconds.reduce(0, +)))."
  }

  private func bars(_ cost: CostComparison) -> HTML {
    let most = max(cost.cachedSeconds, cost.onlineSeconds)
    func bar(
      _ title: String, _ total: Double, _ teacher: Double, _ kind: String, y: Double
    ) -> HTML {
      let width = Self.width - 2 * Self.left
      let (first, second) = (width * teacher / most, width * (total - teacher) / most)
      return """
        \(Picture.text(title, x: Self.left, y: y, kind: "label", anchor: "start"))
        \(Picture.text(
          Format.duration(total), x: Self.width - Self.left, y: y, kind: "label", anchor: "end"))
        <rect class="\(kind)" data-seconds="\(Format.fixed(teacher, 3))" x="\(Picture.number(Self.left))" \
        y="\(Picture.number(y + 8))" width="\(Picture.number(max(first, 1)))" \
        height="\(Picture.number(Self.barHeight))"><title>teacher \(Format.duration(teacher))</title></rect>
        <rect class="students" data-seconds="\(Format.fixed(total - teacher, 3))" \
        x="\(Picture.number(Self.left + first))" y="\(Picture.number(y + 8))" \
        width="\(Picture.number(second))" height="\(Picture.number(Self.barHeight))">\
        <title>students \(Format.duration(total - teacher))</title></rect>
        """
    }
    let students = Format.count(cost.students, "student")
    let kind = cost.measuredOn == nil ? "an estimate" : "from a measured run"
    return """
      <figure data-figure="spent">
      <svg viewBox="0 0 480 138" role="img" aria-label="Seconds with the cache and with the teacher at every step">
      \(bar("teacher once, \(students) from its cache", cost.cachedSeconds, cost.passSeconds, "pass", y: 18))
      \(bar("teacher at every step (\(kind))", cost.onlineSeconds, cost.onlineTeacherSeconds, "online", y: 86))
      </svg>
      <ul class="legend"><li><i class="box pass"></i>teacher, once</li>\
      <li><i class="box online"></i>teacher, at every step</li>\
      <li><i class="box students"></i>training of the students</li></ul>
      </figure>
      """
  }

  private func method(_ cost: CostComparison, _ pass: TeacherPassCost) -> HTML {
    let source: HTML
    if let run = cost.measuredOn {
      source = """
        The run <b>\(run)</b> had its teacher in memory: what it took for a token more than the students of \
        its shape from the cache, times the \(Format.count(cost.tokens, "token")) of all students, is the \
        teacher’s part of the lower bar.
        """
    } else {
      source = """
        The teacher’s part of the lower bar is an estimate: the students read \
        \(Format.count(cost.tokens, "token")) in all, and the pass took \
        \(Format.fixed((pass.secondsPerToken ?? 0) * 1e6, 1)) µs a token, encoding and writing \
        included. It takes the students’ own time as it was with the cache.
        """
    }
    let pays =
      cost.breakEven <= 1
      ? "the pass pays from the first student on"
      : "the pass pays from \(Format.count(cost.breakEven, "student")) on"
    return """
      <p class="note">\(source) At that cost \(pays). Times are wall clock of the machines that ran them; \
      time between runs, tokenizing and this page’s own evaluations are in neither bar.</p>
      """
  }
}
