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
    "--disable-background-networking", "--disable-component-update",
    // The shared memory of a container may be too small for a page.
    "--disable-dev-shm-usage",
    // Neither the browser nor a page finds any host.
    "--host-resolver-rules=MAP * ~NOTFOUND",
  ]

  /// What a page is once it is loaded.
  struct Page<Found> {
    /// What the probe returned.
    let found: Found
    /// Lines that the page and the browser wrote to the console; one for each request that failed.
    let console: [String]
    /// What the page loaded besides itself.
    let requests: [String]
  }

  private struct Answer<Found: Decodable>: Decodable {
    let found: Found
    let requests: [String]
  }

  /// Opens a copy of a file with a script at its end.
  ///
  /// - Parameters:
  ///   - file: An HTML file.
  ///   - probe: The body of a JavaScript function that returns a value.
  ///   - width: Of the window, in pixels.
  ///   - type: What the value is.
  /// - Returns: What the script gave, and the console.
  /// - Throws: `ProcessFailure` where the browser fails or the script returns nothing.
  static func open<Found: Decodable>(
    _ file: String, probe: String, width: Int, as type: Found.Type
  ) throws -> Page<Found> {
    guard let executable else { throw ProcessFailure(description: "no browser") }
    let scratch = try ScratchFolder()
    let page = try String(contentsOf: URL(filePath: file), encoding: .utf8)
    // The answer as base64, which no markup changes.
    let script = """
      <script>
      const requests = performance.getEntriesByType('resource').map(entry => entry.name);
      const probed = JSON.stringify({requests, found: (() => { \(probe) })()});
      const text = btoa(String.fromCharCode(...new TextEncoder().encode(probed)));
      document.documentElement.innerHTML = '<body>PROBED:' + text + ':END</body>';
      </script>
      """
    let copy = try scratch.write("page.html", (page + script).utf8)
    let outcome = try ChildProcess.run(
      executable,
      options + [
        "--window-size=\(width),900", "--user-data-dir=\(scratch.path("profile"))",
        "--enable-logging=stderr", "--dump-dom", "file://\(copy)",
      ])
    guard outcome.ending == .exited(0),
      let begin = outcome.output.range(of: "PROBED:"),
      let end = outcome.output.range(of: ":END"),
      let data = Data(base64Encoded: String(outcome.output[begin.upperBound..<end.lowerBound]))
    else { throw ProcessFailure(description: outcome.summary) }
    let answer = try JSONDecoder().decode(Answer<Found>.self, from: data)
    return Page(
      found: answer.found,
      console: outcome.errors.split(separator: "\n").map(String.init).filter {
        $0.contains("CONSOLE")
      },
      requests: answer.requests)
  }
}
