import Foundation

/// A headless Chromium: `DECANT_CHROMIUM`, or what the `PATH` finds.
enum Browser {
  /// Its path, or nil where there is none that starts.
  static let executable: String? = {
    let named = ProcessInfo.processInfo.environment["DECANT_CHROMIUM"].map { [$0] }
    let names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
    return (named ?? names).first {
      (try? ChildProcess.run($0, options + ["--version"], timeoutSeconds: 60))?.ending == .exited(0)
    }
  }()

  /// Pages are the program's own; a sandbox is not to be had in every container.
  private static let options = [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
  ]

  /// What a page is once it is loaded.
  struct Page {
    /// What the probe returned, as JSON.
    let probed: Data
    /// Lines that the page and the browser wrote to the console.
    let console: [String]
    /// What was asked of a network, from the log of the browser's network stack.
    let requests: [String]
  }

  /// Opens a copy of a file with a script at its end.
  ///
  /// - Parameters:
  ///   - file: An HTML file.
  ///   - probe: The body of a JavaScript function that returns a value.
  ///   - width: Of the window, in pixels.
  /// - Returns: What the script gave, and the console.
  /// - Throws: `ProcessFailure` where the browser fails or the script returns nothing.
  static func open(_ file: String, probe: String, width: Int) throws -> Page {
    guard let executable else { throw ProcessFailure(description: "no browser") }
    let scratch = try ScratchFolder()
    let page = try String(contentsOf: URL(filePath: file), encoding: .utf8)
    // The answer as base64, which no markup changes.
    let script = """
      <script>
      const probed = JSON.stringify((() => { \(probe) })());
      const text = btoa(String.fromCharCode(...new TextEncoder().encode(probed)));
      document.documentElement.innerHTML = '<body>PROBED:' + text + ':END</body>';
      </script>
      """
    let copy = try scratch.write("page.html", (page + script).utf8)
    let outcome = try ChildProcess.run(
      executable,
      options + [
        "--window-size=\(width),900", "--user-data-dir=\(scratch.path("profile"))",
        "--enable-logging=stderr", "--log-net-log=\(scratch.path("net.json"))", "--dump-dom",
        "file://\(copy)",
      ])
    guard outcome.ending == .exited(0),
      let begin = outcome.output.range(of: "PROBED:"),
      let end = outcome.output.range(of: ":END"),
      let data = Data(base64Encoded: String(outcome.output[begin.upperBound..<end.lowerBound]))
    else { throw ProcessFailure(description: outcome.summary) }
    let network = try String(contentsOf: URL(filePath: scratch.path("net.json")), encoding: .utf8)
    return Page(
      probed: data,
      console: outcome.errors.split(separator: "\n").map(String.init).filter {
        $0.contains("CONSOLE")
      },
      requests: network.ranges(of: "\"url\":\"http").map {
        String(network[$0.lowerBound...].prefix(120))
      })
  }
}
