package import CommandKit
package import LiaisonModel
internal import Sodium
internal import TLSPresentation

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// A bundle in a file, read part by part.
package final class BundleFile {
  /// A part after the head.
  package enum Part {
    case segment([UInt8])
    case end([UInt8])
  }

  private let path: String
  private let descriptor: Int32
  /// The first part, as it stands in the file.
  package private(set) var headBytes: [UInt8] = []
  /// Of all that was read; at the end, of all but the end.
  private var digest = BundleDigest()

  /// Opens a file and reads its head. Throws "bad data" where it is no bundle.
  package init(_ path: String) throws(CommandError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw CommandError(FileError(.open, path: path, errorNumber: errno)) }
    guard try read(BundleLayout.magic.count) == BundleLayout.magic else {
      throw CommandError(.badData, "\(escaped(path)) is not a bundle")
    }
    headBytes = try readPart()
  }

  deinit { close(descriptor) }

  /// The next part. Throws "bad data" where the file is cut off.
  package func next() throws(CommandError) -> Part {
    let part = try readPart()
    guard part.isEmpty else { return .segment(part) }
    let beforeEnd = digest
    let end = try readPart()
    guard try read(1).isEmpty else {
      throw CommandError(.badData, "\(escaped(path)) is damaged: something follows the end of the bundle")
    }
    digest = beforeEnd
    return .end(end)
  }

  private func readPart() throws(CommandError) -> [UInt8] {
    let header = try read(4)
    guard header.count == 4 else { throw cutOff }
    let length: Int
    do { length = try BundleLayout.length(header) } catch {
      throw CommandError(.badData, "\(escaped(path)) is damaged: \(error.sentence)")
    }
    let bytes = try read(length)
    guard bytes.count == length else { throw cutOff }
    return bytes
  }

  private var cutOff: CommandError {
    CommandError(.badData, "\(escaped(path)) is cut off: the end of the bundle is missing")
  }

  /// So many bytes, or fewer where the file ends before.
  private func read(_ count: Int) throws(CommandError) -> [UInt8] {
    var failure: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let got = systemRead(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { return }
        filled += got
      }
    }
    if let failure { throw CommandError(FileError(.read, path: path, errorNumber: failure)) }
    digest.add(bytes)
    return bytes
  }

  /// What can be known of the bundle without any secret, after all of it was read. Throws "bad data" where it is cut off,
  /// damaged, or not what the node that it names signed.
  package static func inspect(_ path: String) throws(CommandError) -> BundleInspection {
    let file = try BundleFile(path)
    do { return try inspect(file) } catch let error as CommandError { throw error } catch {
      throw CommandError(.badData, "\(escaped(path)) is damaged: it is not what the node that it names has signed")
    }
  }

  private static func inspect(_ file: BundleFile) throws -> BundleInspection {
    let head = try BundleHead(tlsEncoded: file.headBytes)
    let card = try head.card.verifiedBySelf()
    let header = try head.header.verified(by: card).content
    _ = try head.key.verified(by: card)
    var inspection = BundleInspection(card: card.content, header: header)
    while true {
      switch try file.next() {
      case .segment(let bytes):
        inspection.segments += 1
        inspection.sealedBytes += UInt64(bytes.count)
      case .end(let bytes):
        let end = try Unverified<BundleEnd>(tlsEncoded: bytes)
        let signed = try end.verified(byOneOf: card.content.nodeKeys)
        guard signed.content == file.digest.end(of: header.bundle) else { throw ModelError.badSignature }
        return inspection
      }
    }
  }
}

/// What a bundle says to everybody.
package struct BundleInspection: Sendable {
  /// The card of the node that made it, by which it was verified. Whose the card is, people know by its fingerprint.
  package let card: NodeCard
  package let header: BundleHeader
  package internal(set) var segments = 0
  /// Bytes of the segments, as they are sealed.
  package internal(set) var sealedBytes: UInt64 = 0
}

// Inside BundleFile the name is its own.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}
