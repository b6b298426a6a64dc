internal import NIOCore

extension NIOBSDSocket.Option {
  /// TCP_NOTSENT_LOWAT: how many bytes the system takes without having sent them. Left alone, it takes megabytes.
  static var unsentLowWater: Self {
    #if canImport(Darwin)
    Self(rawValue: 0x201)
    #else
    Self(rawValue: 25)
    #endif
  }
}
