import Foundation
import Report
import Testing

/// Shares of the teacher that a student keeps.
struct RetentionTests {
  private func figures(loss: Double, accuracy: Double, positions: Int = 100) -> ModelFigures {
    var figures = ModelFigures(name: "")
    (figures.loss, figures.accuracy, figures.positions) = (loss, accuracy, positions)
    return figures
  }

  @Test func sharesGoFromAGuessToTheTeacher() throws {
    let teacher = figures(loss: 2, accuracy: 0.5)
    let kept = Retention(
      student: figures(loss: 3, accuracy: 0.4), teacher: teacher, unigramEntropy: 7)
    #expect(abs(try #require(kept.accuracy) - 0.8) < 1e-12)
    #expect(abs(try #require(kept.loss) - 0.8) < 1e-12)
    let guess = Retention(
      student: figures(loss: 8, accuracy: 0), teacher: teacher, unigramEntropy: 7)
    #expect(guess.loss == -0.2 && guess.accuracy == 0)
  }

  @Test func differentTextsHaveNoShare() {
    let kept = Retention(
      student: figures(loss: 3, accuracy: 0.4),
      teacher: figures(loss: 2, accuracy: 0.5, positions: 99),
      unigramEntropy: 7)
    #expect(kept.accuracy == nil && kept.loss == nil)
  }

  @Test func aTeacherNoBetterThanAGuessHasNoShareOfLoss() {
    let kept = Retention(
      student: figures(loss: 3, accuracy: 0.4), teacher: figures(loss: 7, accuracy: 0.5),
      unigramEntropy: 7)
    #expect(kept.loss == nil)
  }

  @Test func entropyIsThatOfTheCounts() throws {
    let entropy = try #require(Retention.entropy([2, 1, 1, 0]))
    #expect(abs(entropy - 1.5 * log(2)) < 1e-12)
    #expect(Retention.entropy([0, 0]) == nil)
  }
}
