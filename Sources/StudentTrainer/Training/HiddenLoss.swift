/// A loss between states of the student's layers and states of the teacher's.
///
/// Layers are numbered as `hidden_states` of `transformers`: 0 is the embeddings' output, n the last
/// layer's. With x the student's state of a position (through its projection where there is one), y
/// the teacher's, and the means over the P positions of an optimiser step that keep a teacher state:
///
///     cosine   mean over positions of 1 - x·y / (|x| |y|)
///     mse      mean over positions and the D dimensions of (x_d - y_d)²
///
/// The loss of a map is the sum over its pairs, as in TinyBERT.
///
/// - Source: `cosine`: Sanh et al. 2019 (DistilBERT), there of the last states. `mse`: Jiao et al.
///   2020 (TinyBERT), equation 8, with the projection; Patient-KD (Sun et al. 2019) has it on states
///   divided by their norms, which `cosine` serves: |x/|x| - y/|y||² = 2 (1 - cos).
package struct HiddenLoss: Codable, Hashable, Sendable {
  /// What is measured.
  package enum Kind: String, Codable, Sendable, CaseIterable {
    /// One minus the cosine.
    case cosine
    /// The squared difference, mean over dimensions.
    case mse
  }

  /// A student's layer and the teacher's that it learns from.
  package struct Pair: Hashable, Sendable {
    /// The student's layer, 0 the embeddings.
    package var student: Int
    /// The teacher's layer, 0 the embeddings.
    package var teacher: Int

    /// A pair of layers.
    package init(student: Int, teacher: Int) {
      self.student = student
      self.teacher = teacher
    }
  }

  /// What is measured.
  package var kind: Kind
  /// Weight of the sum over the pairs.
  package var weight: Double
  /// The pairs, in order.
  package var pairs: [Pair]

  /// A loss of those values.
  package init(kind: Kind, weight: Double, pairs: [Pair]) {
    self.kind = kind
    self.weight = weight
    self.pairs = pairs
  }

  /// The teacher's layers that it needs, ascending.
  package var teacherLayers: [Int] { Array(Set(pairs.map(\.teacher))).sorted() }
}

extension HiddenLoss.Pair: Spelled {
  /// The pair that `1:2` says, student:teacher, or nil where it says none.
  package init?(_ text: String) {
    let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let student = numbers[0], let teacher = numbers[1],
      student >= 0, teacher >= 0
    else { return nil }
    self.init(student: student, teacher: teacher)
  }

  /// The spelling.
  package var description: String { "\(student):\(teacher)" }
}

extension HiddenLoss {
  /// The pairs that `1:2,3:6` says (student:teacher), or nil where it says none.
  package static func pairs(_ text: String) -> [Pair]? {
    var pairs: [Pair] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let pair = Pair(String(part)), !pairs.contains(pair) else { return nil }
      pairs.append(pair)
    }
    return pairs
  }

  /// Each student layer with the teacher's at the same share of the depth, the embeddings left out:
  /// layer s of m learns from layer round(s n / m) of n.
  ///
  /// - Precondition: both have a layer.
  package static func evenPairs(studentLayers: Int, teacherLayers: Int) -> [Pair] {
    precondition(studentLayers > 0 && teacherLayers > 0, "models without layers")
    return (1...studentLayers).map { layer in
      Pair(
        student: layer,
        teacher: (2 * layer * teacherLayers + studentLayers) / (2 * studentLayers))
    }
  }
}
