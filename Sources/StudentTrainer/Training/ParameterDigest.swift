import Crypto
package import Foundation
import Kernels
import ShardStore
package import Transformer

/// The SHA-256 of a model's parameters.
package enum ParameterDigest {
  /// 64 hexadecimal digits over the parameter array as little-endian fp32.
  package static func text(of model: MaskedLanguageModel) -> String {
    Hexadecimal.text(
      SHA256.hash(data: UnsafeRawBufferPointer(model.parameters.elements).data))
  }

  /// 64 hexadecimal digits over a file's bytes.
  ///
  /// - Throws: what reading the file throws.
  package static func text(ofFile url: URL) throws -> String {
    Hexadecimal.text(SHA256.hash(data: try Data(contentsOf: url, options: .alwaysMapped)))
  }
}

extension UnsafeRawBufferPointer {
  /// The same memory as data, not copied; valid while the memory is.
  fileprivate var data: Data {
    guard let base = baseAddress else { return Data() }
    return Data(
      bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: count, deallocator: .none)
  }
}
