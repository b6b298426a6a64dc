public import Foundation

/// A port of the loopback address that the system picked and gives to nobody else while this lives. Nothing listens on
/// it; a program that sets `SO_REUSEADDR`, as `liaisond` does, may.
public final class ReservedPort: Sendable {
  public let number: UInt16
  private let descriptor: Int32

  public init() throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var (length, reuse) = (socklen_t(MemoryLayout<sockaddr_in>.size), Int32(1))
    let isShared = setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size)) == 0
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    self.descriptor = descriptor
    number = UInt16(bigEndian: address.sin_port)
    guard isShared, isBound else { throw CocoaError(.fileWriteUnknown) }
  }

  deinit { close(descriptor) }
}
