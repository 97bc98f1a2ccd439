import LogitCache

extension CacheExport {
  /// What `export.json` says.
  struct Description: Encodable {
    struct File: Encodable {
      let name: String
      let replica: Int
      let maskReplica: Int
      let firstBlock: Int
      let blocks: Int
      let sequences: Int
      let positions: Int
      var tensors: [String: [Int]]
    }

    let format: String
    let fingerprint: String
    let specification: CacheSpecification
    var files: [File] = []
  }
}
