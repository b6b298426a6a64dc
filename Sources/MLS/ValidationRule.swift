/// The validation rules of RFC 9420. A rule's raw value is its number: the section, and the rule's place in that section
/// as this library counts them.
public enum ValidationRule: String, CaseIterable, Sendable {
  // §6.1 and §6.3, framing
  case contentSignature = "6.1-1"
  case externalSenderUnknown = "6.1-2"
  case externalSenderContent = "6.1-3"
  case newMemberCommitContent = "6.1-4"
  case newMemberProposalContent = "6.1-5"
  case confirmationTag = "6.1-6"
  case membershipTag = "6.2-1"
  case applicationDataInPublicMessage = "6.2-2"
  case paddingNotZero = "6.3-1"
  case senderBlank = "6.3-2"

  // §7.3, leaf nodes
  case leafNodeSignature = "7.3-1"
  case leafNodeRequiredCapabilities = "7.3-2"
  case leafNodeCredentialUnsupportedByMember = "7.3-3"
  case leafNodeDoesNotSupportCredentialInUse = "7.3-4"
  case leafNodeLifetime = "7.3-5"
  case leafNodeLifetimeTooLong = "7.3-6"
  case leafNodeExtensionNotInCapabilities = "7.3-7"
  case leafNodeSource = "7.3-8"
  case leafNodeEncryptionKeyUnchanged = "7.3-9"
  case leafNodeSignatureKeyNotUnique = "7.3-10"
  case leafNodeEncryptionKeyNotUnique = "7.3-11"
  case leafNodeCredentialNotInCapabilities = "7.3-12"
  case leafNodeCapabilities = "7.3-13"
  case leafNodeGroupExtensionUnsupported = "7.3-14"
  case leafNodeKey = "7.3-15"

  // §7.6 and §7.9, update paths and parent hashes
  case updatePathLength = "7.6-1"
  case updatePathCiphertextCount = "7.6-2"
  case updatePathPublicKeyMismatch = "7.6-3"
  case updatePathNotForThisMember = "7.6-4"
  case parentHashOfLeaf = "7.9-1"
  case parentHashChain = "7.9-2"

  // §8.4, pre-shared keys
  case pskNonceLength = "8.4-1"

  // §10.1, key packages
  case keyPackageVersionOrCipherSuite = "10.1-1"
  case keyPackageSignature = "10.1-2"
  case keyPackageInitKey = "10.1-3"
  case keyPackageExtensionNotInCapabilities = "10.1-4"

  // §12.1, proposals
  case removedNotMember = "12.1-1"
  case pskUsage = "12.1-2"
  case reInitVersion = "12.1-3"
  case requiredCapabilitiesUnsupported = "12.1-4"
  case updateSender = "12.1-5"
  case groupContextExtensions = "12.1-6"

  // §12.2, lists of proposals
  case updateByCommitter = "12.2-1"
  case removeOfCommitter = "12.2-2"
  case multipleForSameLeaf = "12.2-3"
  case addsOfSameClient = "12.2-4"
  case addOfMember = "12.2-5"
  case samePSKTwice = "12.2-6"
  case multipleGroupContextExtensions = "12.2-7"
  case reInitWithOthers = "12.2-8"
  case externalInitInRegularCommit = "12.2-9"
  case proposalTypeUnsupported = "12.2-10"
  case externalCommitExternalInit = "12.2-11"
  case externalCommitRemove = "12.2-12"
  case externalCommitOther = "12.2-13"
  case externalCommitReference = "12.2-14"

  // §12.4, commits
  case pathMissing = "12.4-1"
  case committerEncryptionKeyUnchanged = "12.4-2"
  case pathKeyAlreadyInTree = "12.4-3"

  // §12.4.3, joining
  case welcomeNotForKeyPackage = "12.4.3-1"
  case welcomeCipherSuite = "12.4.3-2"
  case welcomePSKs = "12.4.3-3"
  case groupInfoSignature = "12.4.3-4"
  case groupInfoSigner = "12.4.3-5"
  case treeMissing = "12.4.3-6"
  case treeHash = "12.4.3-7"
  case unmergedLeaves = "12.4.3-8"
  case parentKeyNotUnique = "12.4.3-9"
  case ownLeafMissing = "12.4.3-10"
  case pathSecretMismatch = "12.4.3-11"
  case resumptionEpoch = "12.4.3-12"
  case externalPubMissing = "12.4.3-13"
  case groupIDNotUnique = "12.4.3-14"
  case groupInfoConfirmationTag = "12.4.3-15"
  case groupInfoContext = "12.4.3-16"
  case reInitMismatch = "12.4.3-17"
  case branchMismatch = "12.4.3-18"

  // §13.4, extensions
  case duplicateExtension = "13.4-1"
}
