/// What truncation cut off, built when it is asked for.
///
/// For a single sequence its further parts; for a pair all combinations of the parts of both sides,
/// in the reference's order: each further part of the first with every part of the second, then the
/// first's kept part with the further ones of the second. Their number is a product, so none is
/// kept: an element is made anew at each access, in time that its own length takes.
public struct OverflowingEncodings: RandomAccessCollection, Sendable {
  private let source: Source?

  /// Nothing overflows.
  init() { source = nil }

  /// What follows from the parts of one or two sequences, the first of which is what was kept.
  init(_ template: Template, first: EncodingParts, second: EncodingParts?) {
    source = Source(template: template, first: first, second: second)
  }

  /// The index of the first element.
  public var startIndex: Int { 0 }

  /// The index past the last element.
  public var endIndex: Int { source?.count ?? 0 }

  /// An element, which has no overflow itself.
  ///
  /// - Parameter position: In `0..<count`.
  /// - Complexity: O(its tokens).
  public subscript(position: Int) -> Encoding {
    guard let source else { preconditionFailure("nothing overflows") }
    precondition(indices.contains(position), "there are \(source.count) overflowing encodings")
    return source.encoding(position)
  }

  /// The same with every element filled up.
  func padded(to target: Int, with item: Encoding.Item, on side: SequenceSide) -> Self {
    guard let source else { return self }
    return Self(source: source.padded(Fill(target: target, item: item, side: side)))
  }

  private init(source: Source) { self.source = source }

  private struct Fill: Sendable {
    let target: Int
    let item: Encoding.Item
    let side: SequenceSide
  }

  /// A class, so that an encoding may hold what encodings are made of.
  private final class Source: Sendable {
    let template: Template
    let first: EncodingParts
    let second: EncodingParts?
    let fill: Fill?

    init(template: Template, first: EncodingParts, second: EncodingParts?, fill: Fill? = nil) {
      (self.template, self.first, self.second, self.fill) = (template, first, second, fill)
    }

    var count: Int { first.ranges.count * (second?.ranges.count ?? 1) - 1 }

    func padded(_ fill: Fill) -> Source {
      Source(template: template, first: first, second: second, fill: fill)
    }

    func encoding(_ position: Int) -> Encoding {
      let (a, b) = parts(position)
      let joined = template.join(first.part(a), second?.part(b))
      guard let fill else { return joined }
      return joined.padded(to: fill.target, with: fill.item, on: fill.side)
    }

    private func parts(_ position: Int) -> (first: Int, second: Int) {
      guard let second else { return (position + 1, 0) }
      let perPart = second.ranges.count
      let (part, other) = (position / perPart + 1, position % perPart)
      return part < first.ranges.count
        ? (part, other) : (0, position - (first.ranges.count - 1) * perPart + 1)
    }
  }
}

extension OverflowingEncodings: Equatable {
  /// Whether both have equal elements.
  public static func == (left: Self, right: Self) -> Bool { left.elementsEqual(right) }
}

/// A sequence and the parts that it is cut into; the first is what is kept.
struct EncodingParts: Sendable {
  let whole: Encoding
  let ranges: [Range<Int>]

  /// A part by its number.
  func part(_ index: Int) -> Encoding {
    ranges[index].count == whole.count ? whole : whole.part(ranges[index])
  }
}
