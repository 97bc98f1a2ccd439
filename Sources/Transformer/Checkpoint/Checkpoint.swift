package import Foundation

/// The weights of a model folder: `model.safetensors`, or the parts that an index names.
package struct Checkpoint: Sendable {
  /// The file that errors name: the single file, or the index.
  package let url: URL
  /// The safetensors files that hold the weights, in the order of their names.
  package let files: [URL]
  private let parts: [Safetensors]
  private let partOfTensor: [String: Int]

  /// Opens the weights of a Hugging Face folder.
  ///
  /// - Throws: `TransformerError.unreadable` or `.badCheckpoint`.
  package init(folder: URL) throws {
    let single = folder.appending(path: "model.safetensors")
    let index = folder.appending(path: "model.safetensors.index.json")
    if !FileManager.default.fileExists(atPath: single.path),
      FileManager.default.fileExists(atPath: index.path)
    {
      url = index
      files = try Self.partNames(index: index).map { folder.appending(path: $0) }
    } else {
      url = single
      files = [single]
    }
    parts = try files.map { try Safetensors(url: $0) }
    var partOfTensor: [String: Int] = [:]
    for (number, part) in parts.enumerated() {
      for name in part.tensorNames { partOfTensor[name] = number }
    }
    self.partOfTensor = partOfTensor
  }

  private static func partNames(index: URL) throws -> [String] {
    struct Index: Decodable {
      let weightMap: [String: String]
      enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
    }
    do {
      let names = try JSONDecoder().decode(Index.self, from: Data(contentsOf: index)).weightMap
      return Set(names.values).sorted()
    } catch {
      throw TransformerError.badCheckpoint(file: index, reason: "it has no valid weight_map")
    }
  }

  /// All tensor names, sorted.
  package var tensorNames: [String] { partOfTensor.keys.sorted() }

  /// True where a tensor of this name exists.
  package func contains(_ name: String) -> Bool { partOfTensor[name] != nil }

  /// The shape of a tensor, or nil where there is none of that name.
  package func shape(of name: String) -> [Int]? {
    partOfTensor[name].flatMap { parts[$0].shape(of: name) }
  }

  /// A tensor of any float type as floats.
  ///
  /// - Throws: as `Safetensors.floats`.
  package func floats(_ name: String) throws -> [Float] {
    guard let part = partOfTensor[name] else {
      throw TransformerError.missingTensors(
        file: url, names: [name], hint: "the checkpoint holds \(partOfTensor.count) others")
    }
    return try parts[part].floats(name)
  }
}
