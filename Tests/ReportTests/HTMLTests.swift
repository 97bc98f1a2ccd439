import Report
import Testing

/// Text of files in a page.
struct HTMLTests {
  @Test func textIsEscapedAndMarkupIsNot() {
    let name = "<script>alert(\"1\")</script> & 'x'\u{1B}"
    let inner: HTML = "<b>\(name)</b>"
    let outer: HTML = "<p title=\"\(name)\">\(inner)</p>"
    let safe = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39;\u{FFFD}"
    #expect(outer.text == "<p title=\"\(safe)\"><b>\(safe)</b></p>")
  }
}
