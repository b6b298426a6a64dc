public import TLSPresentation

/// Where a node listens: a host name or an IP address, and a TCP port. IPv6 addresses are written in brackets.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  public let host: String
  public let port: UInt16

  public var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }

  public init(host: String, port: UInt16) throws(ModelError) {
    guard 1...253 ~= host.utf8.count,
      host.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "[") && $0 != UInt8(ascii: "]") })
    else { throw .malformed("a host is 1 to 253 printable ASCII characters without spaces") }
    self.host = host
    self.port = port
  }

  /// Reads `HOST:PORT` or `[IPV6]:PORT`.
  public init(_ text: String) throws(ModelError) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw .malformed("an endpoint has the form HOST:PORT")
    }
    var host = text[..<colon]
    if host.first == "[", host.last == "]" {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw .malformed("an IPv6 address stands in brackets: [ADDRESS]:PORT")
    }
    try self.init(host: String(host), port: port)
    // One spelling each: no sign, no leading zeros, no brackets around a name.
    guard description == text else { throw .malformed("an endpoint has the form HOST:PORT") }
  }
}

extension Endpoint: TLSCodable {
  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let host = try decoder.readString(bound: 253)
    let port = try decoder.read(UInt16.self)
    do { try self.init(host: host, port: port) } catch { throw .invalid("an endpoint is malformed") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(string: host)
    encoder.write(port)
  }
}
