/// A horizontal bar of block characters.
package enum Bar {
  /// A bar of a length in columns, to an eighth.
  ///
  /// - Precondition: The length is not negative.
  package static func text(_ length: Double) -> String {
    precondition(length >= 0, "a bar of \(length) columns")
    let eighths = Int((length * 8).rounded())
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
  }
}
