/// Where the text is in a JSON record: names of fields and indices of arrays, from the outside in.
///
///     text            the field "text" of the record
///     meta.body       the field "body" of the object in "meta"
///     turns.0.text    the field "text" of the first element of the array in "turns"
///     a\.b            the field "a.b"
struct JSONPath: Hashable, Sendable {
  /// A step inwards: a name as UTF-8, which is an index too where it is a number.
  struct Component: Hashable, Sendable {
    let name: [UInt8]
    let index: Int?
  }

  /// The path as it was written.
  let text: String
  /// At least one step.
  let components: [Component]

  /// Takes a path apart at its dots; a backslash makes a dot part of a name.
  init(_ text: String) {
    self.text = text
    var names: [[UInt8]] = [[]]
    var isEscaped = false
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\") where !isEscaped:
        isEscaped = true
        continue
      case UInt8(ascii: ".") where !isEscaped:
        names.append([])
      default:
        if isEscaped && byte != UInt8(ascii: ".") && byte != UInt8(ascii: "\\") {
          names[names.count - 1].append(UInt8(ascii: "\\"))
        }
        names[names.count - 1].append(byte)
      }
      isEscaped = false
    }
    components = names.map {
      Component(name: $0, index: Int(String(decoding: $0, as: UTF8.self)))
    }
  }
}
