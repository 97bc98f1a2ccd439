import Foundation

/// How much memory this process may still take, and what others have taken.
enum MachineMemory {
  /// Bytes that can be had without swapping: what the kernel says, or what the group of processes may
  /// still take where that is less; nil where neither is known.
  static var availableBytes: Int? {
    let machine = field("MemAvailable", of: "/proc/meminfo")
    let group = "/sys/fs/cgroup"
    guard let most = number("\(group)/memory.max"), let used = number("\(group)/memory.current")
    else { return machine }
    return min(machine ?? .max, max(0, most - used))
  }

  /// The most memory that a process has had, nil where it has ended.
  static func peakBytes(ofProcess id: Int32) -> Int? { field("VmHWM", of: "/proc/\(id)/status") }

  /// A line such as `MemAvailable:  123 kB`.
  private static func field(_ name: String, of file: String) -> Int? {
    guard let text = try? String(contentsOf: URL(filePath: file), encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\(name):") })
    else { return nil }
    return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
      .map { $0 * 1024 }
  }

  private static func number(_ file: String) -> Int? {
    let text = try? String(contentsOf: URL(filePath: file), encoding: .utf8)
    return text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }
}
