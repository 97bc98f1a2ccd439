import Foundation
import ShardStore

/// Names of students, which are names of folders.
enum StudentName {
  /// Characters of a name at most.
  static let limit = 100

  /// A name from what is given and from settings: `hard_seed-1`, `layers-2_temperature-4`.
  ///
  /// One that would be too long ends in a digest of all of it.
  static func make(_ name: String?, _ settings: [SweepPlan.Setting]) -> String {
    let parts = (name.map { [$0] } ?? []) + settings.map { "\($0.option)-\(safe($0.value))" }
    let whole = parts.isEmpty ? "student" : parts.joined(separator: "_")
    guard whole.count > limit else { return whole }
    var digest = ContentDigest(domain: "student name")
    digest.update(whole)
    return "\(whole.prefix(limit - 9))-\(digest.finalize().prefix(8))"
  }

  /// Whether a text can be a folder's name without a second thought at any shell.
  static func isSafe(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, text.unicodeScalars.count <= limit else {
      return false
    }
    return isAlphanumeric(first) && text.unicodeScalars.allSatisfy(isSafe)
  }

  /// A value with everything else made a dash; of a path its last part.
  private static func safe(_ value: String) -> String {
    let paths = value.split(separator: ",").map { $0.split(separator: "/").last ?? "" }
    let joined = paths.joined(separator: "-")
    var text = ""
    for scalar in joined.unicodeScalars {
      text.unicodeScalars.append(isSafe(scalar) ? scalar : "-")
    }
    return text.isEmpty ? "none" : text
  }

  private static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
  }

  private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    isAlphanumeric(scalar) || "._-+=,".unicodeScalars.contains(scalar)
  }
}
