internal import FoundationEssentials
internal import LiaisonNode

/// What is in a bundle, or came of it.
struct BundleCounts: Sendable {
  var core = BundleTally()
  var chunks = 0
  /// Chunks that were here already, and those that were not taken.
  var chunksRepeated = 0
  var chunksRefused = 0

  /// For the audit log.
  func sentence(isMade: Bool) -> String {
    let messages = isMade ? "\(core.messages) messages" : "\(core.messages) new messages, \(core.repeated) known"
    return "\(messages), \(core.receipts) receipts, \(chunks) chunks of documents"
  }
}

extension AdminBundleCounts {
  init(_ counts: BundleCounts) {
    messages = UInt64(clamping: counts.core.messages)
    repeated = UInt64(clamping: counts.core.repeated)
    held = UInt64(clamping: counts.core.held)
    refused = UInt64(clamping: counts.core.refused)
    refusal = counts.core.refusal ?? ""
    receipts = UInt64(clamping: counts.core.receipts)
    undeliverable = UInt64(clamping: counts.core.undeliverable)
    questions = UInt64(clamping: counts.core.questions)
    answers = UInt64(clamping: counts.core.answers)
    old = UInt64(clamping: counts.core.old)
    chunks = UInt64(clamping: counts.chunks)
    chunksRepeated = UInt64(clamping: counts.chunksRepeated)
    chunksRefused = UInt64(clamping: counts.chunksRefused)
  }
}

extension AdminBundleTaken {
  /// Says how far a bundle has been taken in.
  mutating func note(_ bundle: BundleImport) {
    peer = bundle.header.from.description
    counts = AdminBundleCounts(bundle.counts)
    remarks = bundle.remarks
  }
}

extension AdminBundlePart {
  init(_ part: BundleExport.Part) {
    bytes = Data(part.bytes)
    fileEnds = part.fileEnds
    moreFiles = part.moreFiles
    counts = AdminBundleCounts(part.counts)
    greeting = part.isGreeting
  }
}
