import Crypto
package import Foundation
import Kernels
package import Transformer

/// The SHA-256 of a model's parameters.
package enum ParameterDigest {
  /// 64 hexadecimal digits over the parameter array as little-endian fp32.
  package static func text(of model: MaskedLanguageModel) -> String {
    let digest = SHA256.hash(data: UnsafeRawBufferPointer(model.parameters.elements).data)
    return digest.hexadecimal
  }

  /// 64 hexadecimal digits over a file's bytes.
  ///
  /// - Throws: what reading the file throws.
  package static func text(ofFile url: URL) throws -> String {
    SHA256.hash(data: try Data(contentsOf: url, options: .alwaysMapped)).hexadecimal
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

extension Sequence<UInt8> {
  /// Two lower-case digits a byte.
  var hexadecimal: String {
    map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }.joined()
  }
}
