public import Foundation

/// What can go wrong when a tokenizer is loaded, saved or applied.
///
/// The description says what was found, where, and how to mend it.
public enum TokenizerError: Error, Equatable, Sendable {
  /// A file is not there.
  case missingFile(path: String, advice: String)
  /// A file is there but cannot be read.
  case unreadableFile(path: String, reason: String)
  /// A file cannot be written.
  case unwritableFile(path: String, reason: String)
  /// A text file is not UTF-8; the offset is that of the first invalid byte.
  case invalidUTF8(path: String, byteOffset: Int)
  /// A text to encode is not UTF-8; the offset is that of the first invalid byte.
  case invalidText(byteOffset: Int)
  /// A JSON file cannot be parsed or is not an object.
  case malformedJSON(path: String, reason: String)
  /// A key of a configuration file has a value of the wrong kind, or one that is not supported.
  case unsupportedConfiguration(path: String, key: String, found: String, expected: String)
  /// A vocabulary has no entries, or too many bytes.
  case invalidVocabulary(source: String, reason: String)
  /// Two files of a folder give tokens different IDs.
  case conflictingVocabularies(path: String, other: String, reason: String)
  /// A special token is not in the vocabulary.
  case missingSpecialToken(role: String, token: String, source: String)
  /// `maxLength` leaves no room for the special tokens of the template.
  case maxLengthTooShort(maxLength: Int, specialTokens: Int)
  /// The stride is not less than what a truncated sequence keeps.
  case strideTooLong(stride: Int, keptLength: Int)
  /// The sequence to truncate is too short to give up what is too much.
  case sequenceTooShort(sequence: String, length: Int, excess: Int)
  /// Truncation of the second sequence was asked for, and there is none.
  case missingSecondSequence
  /// A vocabulary was to be made from a text without a word.
  case emptyTrainingText
  /// A vocabulary is to be too small for its special tokens and single characters.
  case vocabularySizeTooSmall(size: Int, specialTokens: Int, characters: Int)
  /// An option of the vocabulary's training is out of its range.
  case invalidTrainingOption(name: String, value: String, allowed: String)
}

extension TokenizerError: CustomStringConvertible {
  /// What is wrong, where, and how to mend it.
  public var description: String {
    switch self {
    case .missingFile(let path, let advice):
      "\(path) is missing; \(advice)"
    case .unreadableFile(let path, let reason):
      "\(path) cannot be read: \(reason)"
    case .unwritableFile(let path, let reason):
      "\(path) cannot be written: \(reason); check that the folder exists, is writable, and that"
        + " the disk has space"
    case .invalidText(let byteOffset):
      "the text is not UTF-8 at byte \(byteOffset); convert it, or encode without strict to have"
        + " such bytes repaired"
    case .invalidUTF8(let path, let byteOffset):
      "\(path) is not UTF-8 at byte \(byteOffset); convert it to UTF-8 or fetch it again"
    case .malformedJSON(let path, let reason):
      "\(path) is not a JSON object: \(reason); mend it or fetch it again"
    case .unsupportedConfiguration(let path, let key, let found, let expected):
      "\(path): \"\(key)\" is \(found), expected \(expected)"
    case .invalidVocabulary(let source, let reason):
      "the vocabulary \(source) cannot be used: \(reason)"
    case .conflictingVocabularies(let path, let other, let reason):
      "\(path) and \(other) are of different tokenizers: \(reason); remove the one that is not the"
        + " model's"
    case .missingSpecialToken(let role, let token, let source):
      "the vocabulary \(source) has no \(role) token \(token); add it as a line, or name the"
        + " vocabulary's own as \"\(role)_token\" in tokenizer_config.json"
    case .maxLengthTooShort(let maxLength, let specialTokens):
      "a maximum length of \(maxLength) leaves no room for the \(specialTokens) special tokens of"
        + " a sequence; use at least \(specialTokens)"
    case .strideTooLong(let stride, let keptLength):
      "a stride of \(stride) does not move on in parts of \(keptLength) tokens; use a stride below"
        + " \(keptLength) or a greater maximum length"
    case .sequenceTooShort(let sequence, let length, let excess):
      "the \(sequence) sequence has \(length) tokens and cannot give up \(excess); use a greater"
        + " maximum length or the strategy longestFirst"
    case .missingSecondSequence:
      "truncation of the second sequence was asked for, but there is only one; use onlyFirst or"
        + " longestFirst"
    case .emptyTrainingText:
      "the text has no words to make a vocabulary from; check that the inputs hold text"
    case .vocabularySizeTooSmall(let size, let specialTokens, let characters):
      "a vocabulary of \(size) has no room for \(specialTokens) special tokens and \(characters)"
        + " single characters; raise the size to more than \(specialTokens + characters), or lower"
        + " the alphabet's limit"
    case .invalidTrainingOption(let name, let value, let allowed):
      "the \(name) of a vocabulary cannot be \(value); it has to be \(allowed)"
    }
  }
}

extension TokenizerError: LocalizedError {
  /// The same text as ``description``.
  public var errorDescription: String? { description }
}
