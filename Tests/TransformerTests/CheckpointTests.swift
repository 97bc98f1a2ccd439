import Foundation
import Kernels
import TestSupport
import Testing
import Transformer

/// Model folders as they are met in the world, and as they should not be.
@Suite struct CheckpointTests {
  /// One folder for the duration of a test.
  private final class Folder {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    init() throws {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(at: url) }
    var weights: URL { url.appending(path: "model.safetensors") }
    var config: URL { url.appending(path: "config.json") }
  }

  /// A small random BERT written to a folder with other names of tensors.
  private func write(
    _ model: MaskedLanguageModel, to folder: Folder, rename: (String) -> String? = { $0 }
  ) throws {
    try model.save(to: folder.url)
    let tensors = model.layout.entries.compactMap { entry in
      rename(entry.name).map {
        SafetensorsWriter.Tensor(
          name: $0, shape: entry.shape,
          values: UnsafeBufferPointer(
            start: model.parameters.base + entry.offset, count: entry.count))
      }
    }
    try SafetensorsWriter.write(tensors, to: folder.weights)
  }

  private func expectEqual(_ a: MaskedLanguageModel, _ b: MaskedLanguageModel) {
    #expect(a.configuration == b.configuration)
    #expect(a.parameters.elements.elementsEqual(b.parameters.elements))
  }

  private let model = GradientTests.model(.bert, .geluErf)

  @Test(arguments: Architecture.allCases, [Activation.geluErf, .geluTanh, .relu])
  func aSavedModelIsLoadedAsItWas(architecture: Architecture, activation: Activation) throws {
    let folder = try Folder()
    let model = GradientTests.model(architecture, activation)
    try model.save(to: folder.url)
    expectEqual(try MaskedLanguageModel.load(folder: folder.url), model)
  }

  @Test func equalModelsGiveEqualBytes() throws {
    let (a, b) = (try Folder(), try Folder())
    try model.save(to: a.url)
    try model.save(to: b.url)
    #expect(try Data(contentsOf: a.weights) == Data(contentsOf: b.weights))
    #expect(try Data(contentsOf: a.config) == Data(contentsOf: b.config))
  }

  @Test func namesWithoutThePrefixAreRead() throws {
    let folder = try Folder()
    try write(model, to: folder) { $0.replacing("bert.", with: "") }
    expectEqual(try MaskedLanguageModel.load(folder: folder.url), model)
  }

  @Test func normsAsGammaAndBetaAreRead() throws {
    let folder = try Folder()
    try write(model, to: folder) {
      $0.replacing("LayerNorm.weight", with: "LayerNorm.gamma")
        .replacing("LayerNorm.bias", with: "LayerNorm.beta")
    }
    expectEqual(try MaskedLanguageModel.load(folder: folder.url), model)
  }

  @Test func partsNamedByAnIndexAreRead() throws {
    let folder = try Folder()
    try write(model, to: folder)
    try FileManager.default.moveItem(
      at: folder.weights, to: folder.url.appending(path: "model-00001-of-00001.safetensors"))
    let map = model.layout.entries.map { "\"\($0.name)\": \"model-00001-of-00001.safetensors\"" }
    try Data("{\"weight_map\": {\(map.joined(separator: ","))}}".utf8)
      .write(to: folder.url.appending(path: "model.safetensors.index.json"))
    expectEqual(try MaskedLanguageModel.load(folder: folder.url), model)
  }

  @Test func halfPrecisionIsReadAsItWasRounded() throws {
    let folder = try Folder()
    try model.save(to: folder.url, precision: .fp16)
    let loaded = try MaskedLanguageModel.load(folder: folder.url)
    for (half, full) in zip(loaded.parameters.elements, model.parameters.elements) {
      #expect(half == Float(Float16(full)))
    }
  }

  @Test func bfloat16IsRead() throws {
    let folder = try Folder()
    let values: [UInt16] = [0x3f80, 0xc040]  // 1, -3
    try rawSafetensors(
      header: #"{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#,
      body: values.withUnsafeBytes { Data($0) }
    ).write(to: folder.weights)
    #expect(try Safetensors(url: folder.weights).floats("x") == [1, -3])
  }

  @Test func anEncoderWithoutAHeadIsRefusedByTheNamesThatAreMissing() throws {
    let folder = try Folder()
    try write(model, to: folder) { $0.hasPrefix("cls.") ? nil : $0 }
    #expect {
      _ = try MaskedLanguageModel.load(folder: folder.url)
    } throws: { error in
      let text = "\(error)"
      return text.contains("cls.predictions.transform.dense.weight")
        && text.contains("--add-mlm-head")
    }
  }

  @Test func aHeadThatIsAddedStartsNearTheIdentity() throws {
    let folder = try Folder()
    try write(model, to: folder) { $0.hasPrefix("cls.") ? nil : $0 }
    let loaded = try MaskedLanguageModel.load(
      folder: folder.url, missingHead: .addedNearIdentity(seed: 3))
    let transform = loaded.weight(.headTransform(.weight))
    let spread = 6 * loaded.configuration.initializerRange
    for row in 0..<transform.rows {
      for (column, value) in transform.row(row).enumerated() {
        #expect(abs(value - (row == column ? 1 : 0)) < spread)
      }
    }
    let words = loaded.layout.entry(.wordEmbeddings)
    #expect(loaded.parameters.base[words.offset] == model.parameters.base[words.offset])
  }

  @Test func anotherArchitectureIsRefusedByName() throws {
    let folder = try Folder()
    try model.save(to: folder.url)
    try Data(#"{"model_type": "gpt2"}"#.utf8).write(to: folder.config)
    #expect(
      throws: TransformerError.unsupportedArchitecture(
        file: folder.config, found: "gpt2", supported: ["bert", "distilbert", "albert"])
    ) { try MaskedLanguageModel.load(folder: folder.url) }
  }

  @Test(arguments: [
    (#"{"model_type":"bert"}"#, "vocab_size"),
    (#"{"model_type":"bert","vocab_size":"many"}"#, "vocab_size"),
    (#"{"model_type":"#, "not valid JSON"),
  ])
  func aConfigurationThatLacksAFieldIsRefusedByItsName(json: String, named: String) throws {
    let folder = try Folder()
    try model.save(to: folder.url)
    try Data(json.utf8).write(to: folder.config)
    #expect {
      _ = try MaskedLanguageModel.load(folder: folder.url)
    } throws: { "\($0)".contains(named) }
  }

  @Test(arguments: [
    ("\"num_attention_heads\" : 2", "\"num_attention_heads\" : 3", "num_attention_heads 3"),
    ("\"hidden_act\" : \"gelu\"", "\"hidden_act\" : \"swish\"", "swish"),
    ("\"vocab_size\" : 37", "\"vocab_size\" : 99999999999", "vocab_size"),
    ("\"vocab_size\" : 37", "\"vocab_size\" : 38", "word_embeddings"),
    ("\"tie_word_embeddings\" : true", "\"tie_word_embeddings\" : false", "tie_word_embeddings"),
  ])
  func anImpossibleConfigurationIsRefused(from: String, to: String, named: String) throws {
    let folder = try Folder()
    try model.save(to: folder.url)
    let text = try String(contentsOf: folder.config, encoding: .utf8)
    #expect(text.contains(from))
    try Data(text.replacing(from, with: to).utf8).write(to: folder.config)
    #expect {
      _ = try MaskedLanguageModel.load(folder: folder.url)
    } throws: { "\($0)".contains(named) }
  }

  @Test(arguments: [
    ("\"num_hidden_groups\" : 1", "\"num_hidden_groups\" : 2", "num_hidden_groups is 2"),
    ("\"inner_group_num\" : 1", "\"inner_group_num\" : 3", "inner_group_num is 3"),
    ("\"embedding_size\" : 10", "\"embedding_size\" : 0", "embedding_size is 0"),
    ("\"embedding_size\" : 10", "\"embedding_size\" : 11", "word_embeddings"),
  ])
  func anAlbertThatIsNotOneLayerForAllIsRefused(from: String, to: String, named: String) throws {
    let folder = try Folder()
    try GradientTests.model(.albert, .geluErf).save(to: folder.url)
    let text = try String(contentsOf: folder.config, encoding: .utf8)
    #expect(text.contains(from))
    try Data(text.replacing(from, with: to).utf8).write(to: folder.config)
    #expect {
      _ = try MaskedLanguageModel.load(folder: folder.url)
    } throws: { "\($0)".contains(named) }
  }

  @Test func anAlbertEncoderGetsAHeadThatLeadsBackToItsEmbeddings() throws {
    let folder = try Folder()
    let model = GradientTests.model(.albert, .geluErf)
    try write(model, to: folder) { $0.hasPrefix("predictions.") ? nil : $0 }
    let loaded = try MaskedLanguageModel.load(
      folder: folder.url, missingHead: .addedNearIdentity(seed: 3))
    let transform = loaded.weight(.headTransform(.weight))
    let projection = model.weight(.embeddingProjection(.weight))
    let spread = 6 * loaded.configuration.initializerRange
    for row in 0..<transform.rows {
      for (column, value) in transform.row(row).enumerated() {
        #expect(abs(value - projection.row(column)[row]) < spread)
      }
    }
  }

  @Test func onlyFactorisedEmbeddingsAreToldInFiles() throws {
    func text(_ architecture: Architecture) throws -> String {
      String(
        decoding: try JSONEncoder().encode(
          GradientTests.model(architecture, .geluErf).configuration), as: UTF8.self)
    }
    // What caches and runs of earlier versions were identified by has no such field.
    #expect(try !text(.bert).contains("embeddingSize"))
    #expect(try text(.albert).contains("\"embeddingSize\":10"))
  }

  @Test func everyTruncationIsAnError() throws {
    let folder = try Folder()
    try model.save(to: folder.url)
    let whole = try Data(contentsOf: folder.weights)
    for share in 0..<20 {
      try whole.prefix(whole.count * share / 20).write(to: folder.weights)
      #expect(throws: TransformerError.self) { try MaskedLanguageModel.load(folder: folder.url) }
    }
  }

  @Test(arguments: [
    // A header longer than the file; offsets past the end, reversed, negative; a shape that lies.
    (UInt64(1) << 40, #"{}"#),
    (nil, #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,800]}}"#),
    (nil, #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#),
    (nil, #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#),
    (nil, #"{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#),
    (nil, #"{"x":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}"#),
    (nil, #"{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#),
    (nil, #"[1, 2]"#), (nil, "\u{0}\u{1}"),
  ])
  func aForgedHeaderIsAnError(declared: UInt64?, header: String) throws {
    let folder = try Folder()
    try rawSafetensors(header: header, body: Data(count: 8), declared: declared)
      .write(to: folder.weights)
    #expect(throws: TransformerError.self) { try Safetensors(url: folder.weights) }
  }

  private func rawSafetensors(header: String, body: Data, declared: UInt64? = nil) -> Data {
    let length = declared ?? UInt64(header.utf8.count)
    return withUnsafeBytes(of: length.littleEndian) { Data($0) } + Data(header.utf8) + body
  }
}
