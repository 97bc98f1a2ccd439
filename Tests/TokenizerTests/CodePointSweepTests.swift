import Foundation
import TestSupport
import Testing
import Tokenizer

/// Every code point through each flag of the normalizer and through the pre-tokenizer.
@Suite(.enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
struct CodePointSweepTests {
  private struct Measured: Decodable {
    let removed_by_clean_text: [String]
    let mapped_to_space_by_clean_text: [String]
    let cjk_isolated: [String]
    let pretok_whitespace: [String]
    let pretok_punct: [String]
    let ccc_of_kept_nonzero: [String: Int]
    let nfd_then_strip: [String: [String]]
    let lowercase: [String: [String]]
  }

  private let measured: Measured
  private let scalars = Array(0..<UInt32(0xD800)) + Array(0xE000..<UInt32(0x110000))

  init() throws {
    let url = try #require(SharedFixtures.url("fixtures/tokenizer/code_points.json"))
    measured = try JSONDecoder().decode(Measured.self, from: Data(contentsOf: url))
  }

  private static func number(_ text: some StringProtocol) throws -> UInt32 {
    try #require(UInt32(text.hasPrefix("0x") ? String(text.dropFirst(2)) : String(text), radix: 16))
  }

  private static func set(_ ranges: [String]) throws -> Set<UInt32> {
    var set = Set<UInt32>()
    for range in ranges {
      let ends = try range.split(separator: "-").map { try number($0) }
      set.formUnion(ends[0]...ends[ends.count - 1])
    }
    return set
  }

  private static func map(_ entries: [String: [String]]) throws -> [UInt32: [UInt32]] {
    var map: [UInt32: [UInt32]] = [:]
    for (key, values) in entries { map[try number(key)] = try values.map { try number($0) } }
    return map
  }

  private func normalizer(
    clean: Bool = false, chinese: Bool = false, strip: Bool = false, lower: Bool = false
  ) -> Normalizer {
    Normalizer(
      options: NormalizerOptions(
        cleanText: clean, handleChineseChars: chinese, stripAccents: strip, lowercase: lower))
  }

  /// Normalizes each code point by itself and collects those with another outcome.
  private func differences(
    _ normalizer: Normalizer, expected: (UInt32) -> [UInt32]
  ) -> [UInt32] {
    scalars.filter {
      normalizer.normalize(NormalizedText(scalars: [$0])).scalars != expected($0)
    }
  }

  @Test func cleaningEqualsTheReference() throws {
    let removed = try Self.set(measured.removed_by_clean_text)
    let spaces = try Self.set(measured.mapped_to_space_by_clean_text)
    #expect(scalars.count == 1_112_064)
    #expect(
      differences(normalizer(clean: true)) {
        removed.contains($0) ? [] : spaces.contains($0) ? [0x20] : [$0]
      } == [])
  }

  @Test func isolationOfIdeographsEqualsTheReference() throws {
    let isolated = try Self.set(measured.cjk_isolated)
    #expect(
      differences(normalizer(chinese: true)) {
        isolated.contains($0) ? [0x20, $0, 0x20] : [$0]
      } == [])
  }

  @Test func removalOfAccentsEqualsTheReference() throws {
    let map = try Self.map(measured.nfd_then_strip)
    #expect(differences(normalizer(strip: true)) { map[$0] ?? [$0] } == [])
  }

  @Test func lowerCaseEqualsTheReference() throws {
    let map = try Self.map(measured.lowercase)
    #expect(differences(normalizer(lower: true)) { map[$0] ?? [$0] } == [])
  }

  @Test func lowerCaseEqualsThatOfTheStandardLibrary() {
    // A source of its own beside the measurement: Swift's data agree on every code point.
    #expect(
      differences(normalizer(lower: true)) {
        Unicode.Scalar($0)?.properties.lowercaseMapping.unicodeScalars.map(\.value) ?? []
      } == [])
  }

  @Test func preTokenizationEqualsTheReference() throws {
    let spaces = try Self.set(measured.pretok_whitespace)
    let punctuation = try Self.set(measured.pretok_punct)
    let different = scalars.filter { scalar in
      let words = PreTokenizer.words(of: NormalizedText(scalars: [0x61, scalar, 0x62]))
      let expected =
        spaces.contains(scalar)
        ? [0..<1, 2..<3] : punctuation.contains(scalar) ? [0..<1, 1..<2, 2..<3] : [0..<3]
      return words != expected
    }
    #expect(different == [])
  }

  @Test func marksThatStayAreReordered() throws {
    var classes: [UInt32: Int] = [:]
    for (key, value) in measured.ccc_of_kept_nonzero { classes[try Self.number(key)] = value }
    #expect(classes.count == 83)
    let strip = normalizer(strip: true)
    for (first, firstClass) in classes {
      for (second, secondClass) in classes {
        let sorted = firstClass <= secondClass ? [first, second] : [second, first]
        #expect(
          strip.normalize(NormalizedText(scalars: [0x61, first, second])).scalars
            == [0x61] + sorted)
        // U+034F disappears, but has class 0: nothing moves across it.
        #expect(
          strip.normalize(NormalizedText(scalars: [0x61, first, 0x34F, second])).scalars
            == [0x61, first, second])
      }
    }
  }

  @Test func theFastPathEqualsTheExactPathOnEveryCodePoint() throws {
    for tokenizer in [
      try ReferenceTokenizers.named("uncased"), try ReferenceTokenizers.named("cased"),
    ] {
      let fast = tokenizer.makeTokenIDEncoder()
      var different: [UInt32] = []
      for value in scalars {
        guard let scalar = Unicode.Scalar(value) else { continue }
        let text = "a\(scalar)b \(scalar)"
        if fast.ids(text) != (try tokenizer.exactIDs(text)) { different.append(value) }
      }
      #expect(different == [])
    }
  }
}
