import Foundation
import Kernels
import StudentTrainer
import TestSupport
import Testing
import Transformer

struct InitialisationTests {
  @Test("layers are spread evenly, DistilBERT's own for 6 of 12")
  func evenlySpread() {
    #expect(
      StudentInitialiser.evenlySpread(studentLayers: 6, teacherLayers: 12) == [0, 2, 4, 7, 9, 11])
    #expect(StudentInitialiser.evenlySpread(studentLayers: 3, teacherLayers: 6) == [0, 3, 5])
    #expect(StudentInitialiser.evenlySpread(studentLayers: 1, teacherLayers: 6) == [0])
    #expect(StudentInitialiser.evenlySpread(studentLayers: 4, teacherLayers: 4) == [0, 1, 2, 3])
    for teacher in 1...24 {
      for student in 1...teacher {
        let layers = StudentInitialiser.evenlySpread(
          studentLayers: student, teacherLayers: teacher)
        #expect(layers == Set(layers).sorted() && layers.count == student)
        #expect(layers.allSatisfy { (0..<teacher).contains($0) })
      }
    }
  }

  /// A teacher of three layers saved to a folder.
  func teacher(in folder: TemporaryFolder) throws -> MaskedLanguageModel {
    let teacher = TinyWorld.model(seed: 70, layers: 3, architecture: .bert)
    for index in 0..<teacher.layout.count { teacher.parameters.base[index] += 0.001 }
    try teacher.save(to: folder.url)
    return teacher
  }

  func values(_ model: MaskedLanguageModel, _ parameter: Parameter) -> [Float] {
    let entry = model.layout.entry(parameter)
    return Array(
      UnsafeBufferPointer(start: model.parameters.base + entry.offset, count: entry.count))
  }

  @Test("a student takes the layers it is told, embeddings, and the head where asked")
  func takesLayers() throws {
    let folder = try TemporaryFolder()
    let teacher = try teacher(in: folder)
    let shape = try StudentInitialiser.configuration(forTeacher: folder.url, layers: [2, 0])
    #expect(shape.architecture == .distilBert && shape.numHiddenLayers == 2)
    var options = StudentInitialiser.Options(layers: [2, 0])
    let student = try StudentInitialiser.student(shape, fromTeacher: folder.url, options: options)
    for (mine, theirs) in [(0, 2), (1, 0)] {
      for part in Parameter.LayerPart.allCases {
        for term in [Parameter.Term.weight, .bias] {
          #expect(
            values(student, .layer(mine, part, term)) == values(teacher, .layer(theirs, part, term))
          )
        }
      }
    }
    for parameter in [
      Parameter.wordEmbeddings, .positionEmbeddings, .embeddingNorm(.weight),
      .headTransform(.weight), .headNorm(.bias), .decoderBias,
    ] {
      #expect(values(student, parameter) == values(teacher, parameter))
    }
    options.copiesHead = false
    let headless = try StudentInitialiser.student(shape, fromTeacher: folder.url, options: options)
    #expect(values(headless, .headTransform(.weight)) != values(teacher, .headTransform(.weight)))
    #expect(values(headless, .wordEmbeddings) == values(teacher, .wordEmbeddings))
  }

  @Test("folding the token types keeps the teacher's function for a student of all its layers")
  func folding() throws {
    let folder = try TemporaryFolder()
    let teacher = try teacher(in: folder)
    var options = StudentInitialiser.Options(layers: [0, 1, 2])
    let shape = try StudentInitialiser.configuration(forTeacher: folder.url, layers: [0, 1, 2])
    let batch = PackedBatch(sequences: [[2, 10, 20, 4, 3], [2, 7, 3]])
    teacher.encode(batch, training: false)
    let expected = Array(teacher.lastHiddenStates.elements)
    var differences: [Double] = []
    for folds in [true, false] {
      options.foldsTokenTypes = folds
      let student = try StudentInitialiser.student(
        shape, fromTeacher: folder.url, options: options)
      student.encode(batch, training: false)
      differences.append(
        relativeError(Array(student.lastHiddenStates.elements), expected.map(Double.init)))
    }
    // The sum of three embeddings is taken in another order.
    #expect(differences[0] < 1e-5)
    #expect(differences[1] > 1e-2)
  }

  @Test("sizes that differ and layers that are not there are named")
  func refusals() throws {
    let folder = try TemporaryFolder()
    _ = try teacher(in: folder)
    let layers = #expect(throws: StudentTrainerError.self) {
      try StudentInitialiser.configuration(forTeacher: folder.url, layers: [0, 3])
    }
    #expect("\(try #require(layers))".contains("layers 0 to 2"))
    var shape = try StudentInitialiser.configuration(forTeacher: folder.url, layers: [0])
    shape.hiddenSize = 8
    shape.vocabSize = 7
    let sizes = #expect(throws: StudentTrainerError.self) {
      try StudentInitialiser.student(
        shape, fromTeacher: folder.url, options: StudentInitialiser.Options(layers: [0]))
    }
    #expect("\(try #require(sizes))".contains("hidden_size 8 of 2 heads"))
    shape.hiddenSize = 16
    let vocabulary = #expect(throws: StudentTrainerError.self) {
      try StudentInitialiser.student(
        shape, fromTeacher: folder.url, options: StudentInitialiser.Options(layers: [0]))
    }
    #expect("\(try #require(vocabulary))".contains("vocab_size: student 7, here 64"))
  }

  @Test(
    "a layer that is there may be taken twice; one that is not, and no layer, are refused",
    arguments: [([1, 1, 0], true), ([], false), ([-1], false), ([0, 1, 2, 3], false)])
  func layerLists(layers: [Int], isFine: Bool) throws {
    let folder = try TemporaryFolder()
    let teacher = try teacher(in: folder)
    guard isFine else {
      let error = #expect(throws: StudentTrainerError.self) {
        try StudentInitialiser.configuration(forTeacher: folder.url, layers: layers)
      }
      #expect("\(try #require(error))".contains("\(layers)"))
      return
    }
    let shape = try StudentInitialiser.configuration(forTeacher: folder.url, layers: layers)
    let student = try StudentInitialiser.student(
      shape, fromTeacher: folder.url, options: StudentInitialiser.Options(layers: layers))
    for (mine, theirs) in layers.enumerated() {
      #expect(
        values(student, .layer(mine, .output, .weight))
          == values(teacher, .layer(theirs, .output, .weight)))
    }
  }

  @Test(
    "a student starts from a real folder's layers",
    .enabled(if: SharedFixtures.available, "skipped: ../shared is missing"))
  func fixture() throws {
    let folder = try #require(SharedFixtures.url("fixtures/models/bert-mlm"))
    let shape = try StudentInitialiser.configuration(forTeacher: folder, layers: [1])
    let student = try StudentInitialiser.student(
      shape, fromTeacher: folder, options: StudentInitialiser.Options(layers: [1]))
    let teacher = try MaskedLanguageModel.load(folder: folder)
    #expect(
      values(student, .layer(0, .output, .weight)) == values(teacher, .layer(1, .output, .weight)))
  }
}
