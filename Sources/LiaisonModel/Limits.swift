/// Every bound of the protocol, each with its reason. A node refuses what passes one; none is a matter of taste of a peer.
public enum Limits {
  /// A frame's body, bytes: one document chunk, or the tree of the largest room, fits with room to spare.
  public static let frameBytesMax = 8 << 20
  /// A frame before the link is established, bytes: a stranger has little to say.
  public static let frameBytesBeforeHelloMax = 64 << 10
  /// An envelope's payload, bytes: the Welcome with the tree of the largest room fits.
  public static let envelopePayloadBytesMax = 7 << 20
  /// A commit or a GroupInfo, bytes: in the largest room the path holds 11 nodes and at most 1,000 ciphertexts of 1,168 bytes.
  public static let commitBytesMax = 2 << 20
  /// Commits that stand and are kept of a room, for nodes that are behind: what was ordered while another node took over.
  public static let commitsKeptPerRoomMax = 32
  /// How long a node has not reached a room's hub, when it consents to a takeover: an hour, longer than a restart takes.
  public static let hubAwayMilliseconds: UInt64 = 3_600_000
  /// How far a node goes in its terms' numbers at once, and no sooner than ``termIntervalMilliseconds`` after the last time.
  public static let termStepMax: UInt32 = 16
  public static let termIntervalMilliseconds: UInt64 = 30_000
  /// The number up to which a node follows others in an epoch that has just begun; more by two steps each interval since.
  public static let termNumberStart: UInt32 = 1024
  /// A commit that is asked for, its Welcome and its GroupInfo, bytes: a proposal of it has room for the promises of all nodes.
  public static let hubCommitBytesMax = frameBytesMax - (1 << 20)
  /// Proposals that are kept in memory until their room has come to their epoch here, of one peer and of all; bytes of all.
  public static let earlyProposalsPerPeerMax = 4
  public static let earlyProposalsMax = 64
  public static let earlyProposalsBytesMax = 16 << 20
  /// What a node that is behind is sent of one room's commits at once, bytes, and how often one peer is.
  public static let catchUpBytes = 1 << 20
  public static let catchUpBurst: UInt64 = 16
  public static let catchUpIntervalMilliseconds: UInt64 = 2_000
  /// Members' devices in one room: keeps trees and commits within the frames above.
  public static let roomMembersMax = 1000
  /// A message's content before padding, bytes.
  public static let messageBytesMax = 96 << 10
  /// A text's UTF-8, bytes: longer things are documents.
  public static let textBytesMax = 64 << 10
  /// A title, bytes of UTF-8.
  public static let titleBytesMax = 256
  /// Messages that one acknowledgement names.
  public static let acknowledgedMessagesMax = 256
  /// Ranges of missing messages that one request names.
  public static let missingRangesMax = 32
  /// Messages that one request asks for: more are asked for once these have come.
  public static let missingNumbersMax = 256
  /// A card or another signed statement, bytes.
  public static let statementBytesMax = 16 << 10
  /// Countries that a node has verified, and as many that are only proposed: more than there are, and their cards fit in
  /// memory.
  public static let peersMax = 1000
  /// Administrators of a node: people who know one another.
  public static let administratorsMax = 64
  /// Proposals of one administrator that wait for others' signatures at one time.
  public static let proposalsPerProposerMax = 16
  /// Notices in one frame: well within it, with the longest reasons.
  public static let noticesPerFrameMax = 64
  /// Notices of one peer that are entered into the trust log at once: a bad day's worth.
  public static let noticesBurst: UInt64 = 32
  /// And how often one more after that, so that nobody fills it.
  public static let noticesIntervalMilliseconds: UInt64 = 600_000
  /// Countries of a charter: three regions' many times over, and an administrators' decision holds the charter.
  public static let charterMembersMax = 64
  /// A charter, bytes: with its signatures it fits the decision that adopts it, a statement.
  public static let charterBytesMax = 8 << 10
  /// Signatures of one: of all countries, and of 16 that leave or have replaced their root.
  public static let charterSignaturesMax = 80
  /// Charters that another one is adopted despite: more than ever want one place, and the decision has room for them.
  public static let chartersDespiteMax = 4
  /// Cards beside a charter, bytes: 64 of the largest.
  public static let charterCardsBytesMax = 64 * (3 << 10)
  /// A charter with its signatures and cards, bytes.
  public static let charterFileBytesMax = charterCardsBytesMax + (32 << 10)
  /// Charters that a node keeps, and those of them that one peer brought: a network has one at a time, and sometimes another
  /// one that is to replace it.
  public static let chartersMax = 16
  public static let chartersPerPeerMax = 2
  /// Those of them that are for what administrators bring, whatever peers have brought.
  public static let chartersReserved = 4
  /// Charters of which media with a root key remember that they signed them: more than a country signs in its key's life;
  /// the oldest are forgotten. And bytes of one such record.
  public static let chartersSignedMax = 256
  public static let charterSignedBytesMax = 96
  /// Charters that were dropped and are not taken again from peers.
  public static let chartersDroppedMax = 256
  /// How far a charter may be ahead of the adopted one, for a node that was away.
  public static let charterSerialsAheadMax: UInt64 = 8
  /// Charters of one peer that are looked at at once: every country's signature by every way, in a large network.
  public static let chartersBurst: UInt64 = 256
  /// And how often one more after that.
  public static let chartersIntervalMilliseconds: UInt64 = 2000
  /// Why a peer or a member was suspended or revoked, bytes of UTF-8.
  public static let reasonBytesMax = 512
  /// The receipts of one message, bytes: one of each of the most peers, with the longest paths.
  public static let receiptsBytesMax = 2 << 20
  /// Plaintext in a document's chunk, bytes: large enough that overheads vanish, small enough to resume cheaply.
  public static let chunkPlaintextBytes = 1 << 20
  /// A chunk's ciphertext, bytes: the plaintext, its tag, or a manifest of the largest document.
  public static let chunkBytesMax = (4 << 20) + 64
  /// Chunks in a document: their names fit the largest manifest.
  public static let documentChunksMax = (4 << 20) / 32 - 8
  /// A document, bytes: 128 GiB less eight chunks.
  public static let documentBytesMax = UInt64(documentChunksMax) * UInt64(chunkPlaintextBytes)
  /// How far two clocks may differ before a statement dated ahead is refused: one hour.
  public static let clockErrorMillisecondsMax: UInt64 = 3_600_000
  /// Key packages that a node holds for one device, the last-resort one not counted.
  public static let keyPackagesPerDeviceMax = 100
  /// Rooms of one member that a node lists for a device: more than a member may make.
  public static let roomsListedMax = 10_000
  /// How long the invitation of a device by another may be used: 7 days.
  public static let deviceInvitationMillisecondsMax: UInt64 = 7 * 86_400_000
  /// A member's devices, as many as a card names.
  public static let devicesPerMemberMax = 8
  /// How long a member card is in force: a year. The node renews it in time.
  public static let memberCardLifetimeMilliseconds: UInt64 = 365 * 86_400_000
  /// How long before its end a member card is renewed.
  public static let memberCardRenewalMilliseconds: UInt64 = 90 * 86_400_000
  /// The longest that an invitation may stand open: 30 days.
  public static let invitationLifetimeMillisecondsMax: UInt64 = 30 * 86_400_000
  /// A key package, bytes: its leaf holds a member card.
  public static let keyPackageBytesMax = 64 << 10
  /// How long a key package lives: 84 days (ARCHITECTURE.md §4).
  public static let keyPackageLifetimeSeconds: UInt64 = 84 * 86_400
  /// Envelopes sent on a link and not yet receipted: bounds what a node resends and what it holds in memory.
  public static let deliveryWindow = 256
  /// Bytes of the same.
  public static let deliveryWindowBytes = 16 << 20
  /// How far IMMEDIATE may pass the window, and FLASH twice as far: what fills it does not hold them up.
  public static let deliveryWindowReserve = 64
  /// The part of a window that each precedence has for itself, one in so many: no lower one waits for ever.
  public static let lowerPrecedenceShare = 16
  /// Bytes put on a link that have not left this node, at which nothing of the two lower precedences is put behind them;
  /// IMMEDIATE goes on to twice as much, and FLASH to three times: what is on a link already is overtaken by nothing.
  public static let linkBacklogBytes = 256 << 10
  /// FLASH messages of one country that are carried as such at once: an emergency's worth.
  public static let flashBurst: UInt64 = 60
  /// And how often one more after that; what comes on top is carried with IMMEDIATE: where everything is FLASH, nothing is.
  public static let flashIntervalMilliseconds: UInt64 = 10_000
  /// Envelopes that one signed batch of receipts proves: several windows' worth, within a frame.
  public static let receiptBatchMax = 1024
  /// Silence about what was sent on a link after which it is sent again: a peer whose disk was full has dropped it.
  public static let receiptMillisecondsMax: UInt64 = 30_000
  /// Envelopes held for one peer whose room or epoch is not known here yet; what comes on top is refused.
  public static let heldEnvelopesPerPeerMax = 10_000
  /// Bytes of the same.
  public static let heldBytesPerPeerMax = 64 << 20
  /// How long they are held: 14 days, in which the hub that owes the welcome can come back.
  public static let heldMillisecondsMax: UInt64 = 14 * 86_400_000
  /// How long a message is remembered after its envelope is gone: as long as it could come again, and as long again, for
  /// its receipts.
  public static let messageRecordMilliseconds = 2 * envelopeLifetimeMilliseconds
  /// Inbox items pushed to a device and not yet acknowledged.
  public static let inboxWindow = 128
  /// Bytes of the same.
  public static let inboxWindowBytes = 16 << 20
  /// Urgent inbox items that were pushed ahead of their turn and are not known to have been taken.
  public static let inboxAheadWindow = 32
  /// Bytes of the same.
  public static let inboxAheadWindowBytes = 4 << 20
  /// Items before an urgent one that are not worth pushing it ahead of, since it then comes twice.
  public static let inboxAheadDistanceMin: UInt64 = 16
  /// Items before an urgent one beyond which it is not pushed ahead: a device keeps the keys of what it passes over, and
  /// with ``keptEnvelopesPerMemberMax`` these are fewer than ``overtakenMessagesMax``.
  public static let inboxAheadDistanceMax: UInt64 = 4096
  /// Messages of one sender in one epoch that a later one may overtake, so that a device can still read them.
  public static let overtakenMessagesMax: UInt32 = 16_384
  /// Requests of one link that wait for their answers.
  public static let pendingRequestsMax = 64
  /// Time for another node to answer what a device asked of it.
  public static let relayMillisecondsMax: UInt64 = 20_000
  /// Envelopes queued for one peer that is away: beyond it a submission is refused.
  public static let queuedEnvelopesPerPeerMax = 1_000_000
  /// Bytes of the same: a part of a disk.
  public static let queuedBytesPerPeerMax = 16 << 30
  /// Envelopes from one peer that wait for people of this node, who may be away: as many as an inbox holds.
  public static let keptEnvelopesPerPeerMax = 1_000_000
  /// Bytes of the same: a part of a disk.
  public static let keptBytesPerPeerMax = 16 << 30
  /// Messages of one peer that are remembered so that they are taken once: about a hundred thousand a day, 4 GiB.
  public static let rememberedMessagesPerPeerMax = 20_000_000
  /// Envelopes of one member that wait for anybody: about a hundred a day for a peer that is away for 90 days. A FLASH
  /// overtakes no more than these and ``inboxAheadDistanceMax``, so that those who read it first can still read the rest.
  public static let keptEnvelopesPerMemberMax = 10_000
  /// Bytes of the same.
  public static let keptBytesPerMemberMax = 1 << 30
  /// Messages of one member that are remembered: a tenth of what a whole country may have.
  public static let rememberedMessagesPerMemberMax = 2_000_000
  /// Envelopes that wait in one room, whoever wrote them.
  public static let keptEnvelopesPerRoomMax = 200_000
  /// Bytes of the same.
  public static let keptBytesPerRoomMax = 4 << 30
  /// Rooms of which another node is the hub: each costs this node a tree.
  public static let roomsPerPeerMax = 10_000
  /// Rooms that a member is in, for whom another is made.
  public static let roomsPerMemberMax = 1000
  /// Key packages that one peer or one device asks for at once: people for several of the usual rooms.
  public static let keyPackageRequestsBurst: UInt64 = 200
  /// And how often one more after that, so that nobody uses up everybody's.
  public static let keyPackageRequestsIntervalMilliseconds: UInt64 = 1000
  /// Items held for one device that is away.
  public static let inboxItemsPerDeviceMax = 1_000_000
  /// How long an undelivered envelope is kept: 90 days.
  public static let envelopeLifetimeMilliseconds: UInt64 = 90 * 86_400_000
  /// First wait before a peer is dialled again; it doubles with each failure.
  public static let redialMillisecondsMin: UInt64 = 250
  /// Longest wait before a peer is dialled again.
  public static let redialMillisecondsMax: UInt64 = 60_000
  /// Silence after which a link is asked for a sign of life.
  public static let keepAliveMilliseconds: UInt64 = 20_000
  /// Silence after which a link is given up.
  public static let linkSilenceMillisecondsMax: UInt64 = 60_000
  /// Time from accepting a connection to its first Hello.
  public static let handshakeMillisecondsMax: UInt64 = 10_000
  /// Connections whose handshake is under way, over all addresses.
  public static let handshakesMax = 256
  /// A peer's or a device's bulk links at one time: each holds a few chunks in memory.
  public static let bulkLinksPerKeyMax = 8
  /// Documents' chunks kept for one room, bytes: two of the largest documents.
  public static let documentBytesPerRoomMax = 256 << 30
  /// Space on the disk that documents leave to messages, bytes: chunks are refused before messages are.
  public static let diskReserveBytes = 256 << 20
  /// Devices' connections at one time: several programs may use one profile.
  public static let connectionsPerDeviceMax = 16
  /// What an entry of a directory log holds, bytes: a signed statement.
  public static let directoryEntryBytesMax = statementBytesMax + 128
  /// Records of a directory log in one answer: 512 KiB, so that a log of 100,000 comes in 13.
  public static let directoryRecordsMax = 8192
  /// Entries of a directory log that are asked for at once: well within a frame.
  public static let directoryEntriesMax = 64
  /// Directory heads in one frame: all that a node can have.
  public static let directoryHeadsMax = 2 * peersMax
  /// What one peer has looked at of heads that are new here, at once, and how often one more after that.
  public static let directoryHeadsBurst: UInt64 = 4096
  public static let directoryHeadsIntervalMilliseconds: UInt64 = 100
  /// Heads of one country's directory that wait to be held against its log.
  public static let directoryHeadsWaitingMax = 8
  /// Evidence against one country that is kept and shown: one would do.
  public static let directoryEvidencePerCountryMax = 4
  /// Evidence in one frame.
  public static let directoryEvidenceMax = 64
  /// Evidence in a file or a frame, bytes: a card, two heads and the longest path.
  public static let directoryEvidenceBytesMax = 8192
  /// How long it is shown that something was wrong with a country's directory: 30 days.
  public static let directoryFaultShownMilliseconds: UInt64 = 30 * 86_400_000
  /// How often a country is asked again how its directory goes on, where it could not say: 10 minutes.
  public static let directoryAskMilliseconds: UInt64 = 600_000
  /// How long it may go on not to say so before people are told: a day.
  public static let directoryUnansweredMilliseconds: UInt64 = 86_400_000
  /// How long a card that a room showed waits for an answer that its directory gave later than the card: a day longer than
  /// an answer that a bundle brought is used.
  public static let directoryCardCheckMilliseconds = bundleAnswerMilliseconds + 86_400_000
  /// From a peer's word that its directory has changed to the question what has: several changes are asked for at once.
  public static let directoryChangedMilliseconds: UInt64 = 500
  /// Heads that one message shows: of the countries in its room, and not more than fit beside a short text.
  public static let shownHeadsMax = 32
  /// Devices that a member invites by themselves, at once, and how often one more after that: each makes the directory
  /// longer for good.
  public static let deviceInvitationsBurst: UInt64 = 64
  public static let deviceInvitationsIntervalMilliseconds: UInt64 = 3_600_000
  /// How often a device shows a room the heads that it has seen: an hour.
  public static let directoryHeadsShownMilliseconds: UInt64 = 3_600_000
  /// How old the head of a node's own directory becomes before it is signed anew: an hour.
  public static let directoryHeadMilliseconds: UInt64 = 3_600_000
  /// How long after another directory has taken its place a head of the earlier one may be dated, as a clock that was wrong
  /// would: a day.
  public static let directoryOverlapMilliseconds: UInt64 = 86_400_000
  /// Results of a directory search.
  public static let directoryResultsMax = 200
  /// A public key that bundles are sealed to, bytes: X-Wing's.
  public static let bundleKeyBytes = 1216
  /// What a bundle's header holds of the key under which it is sealed, bytes: X-Wing's.
  public static let bundleEncapsulationBytes = 1120
  /// Plaintext in a bundle's segment at which the next one begins, bytes: large enough that overheads vanish.
  public static let bundleSegmentBytes = 1 << 20
  /// Records in a bundle's segment.
  public static let bundleRecordsMax = 1024
  /// A part of a bundle, bytes: a segment with the largest frame in it, which fits a frame of the administrators' socket.
  public static let bundlePartBytesMax = frameBytesMax - 1024
  /// The least that a bundle may be told to be at most, bytes: the longest part and what stands around it.
  public static let bundleBytesMin = 16 << 20
  /// Questions to one peer that wait for a bundle to carry their answers, and answers that wait for one.
  public static let bundleQuestionsMax = 1000
  /// How long the answer to a question about a member is used before it is asked anew: 7 days.
  public static let bundleAnswerMilliseconds: UInt64 = 7 * 86_400_000
  /// How long the two ends of a tunnel through a third node have to open it, and the wait before it is tried again.
  public static let tunnelMilliseconds: UInt64 = 10_000
  /// Tunnels that one peer asks for at once through a third node, and how often one more after that.
  public static let tunnelAsksBurst: UInt64 = 10
  public static let tunnelAsksIntervalMilliseconds: UInt64 = 1000
  /// Bytes that wait at a third node to be carried to one peer: what passes it is refused, and sent again later.
  public static let carriedBacklogBytes = 16 << 20
  /// What one peer has carried to others at once, in parts of 64 KiB: 64 MiB.
  public static let carriedBurst: UInt64 = 1024
  /// And how often one more after that: 3 MB/s.
  public static let carriedIntervalMilliseconds: UInt64 = 20
  /// Bytes that count as one.
  public static let carriedUnitBytes = 64 << 10
  /// How long what a member says of themselves in the directory counts as known: 180 days, then it is shown as stale.
  public static let personEntryMilliseconds: UInt64 = 180 * 86_400_000
  /// How long before that its member is reminded: two weeks, so that nobody misses it over a holiday.
  public static let personEntryReminderMilliseconds: UInt64 = 14 * 86_400_000
  /// The longest that a vouch lasts: two years.
  public static let vouchMillisecondsMax: UInt64 = 731 * 86_400_000
  /// Vouches that one member has at one time: more people than one can say one knows by their keys.
  public static let vouchesPerMemberMax = 64
  /// Those, and what was taken back and has not ended: what a record of the directory holds at most.
  public static let vouchRowsPerMemberMax = 128
  /// People whose vouches a node looks at to find a way between two, and how many of those in all: some ten milliseconds'
  /// work.
  public static let vouchersVisitedMax = 500
  public static let vouchesVisitedMax = 4096
  /// Vouches in one answer: more than the paths that are shown have.
  public static let vouchesPerAnswerMax = 256
  /// Rows that a search looks at where not all that its words find is wanted: some 30 milliseconds' work.
  public static let searchRowsMax = 20_000
  /// Words of a search: more than anybody types.
  public static let searchWordsMax = 8
  /// Members in one page of a directory that is passed between nodes, and about how many bytes it has: some ten
  /// milliseconds of verifying signatures.
  public static let directoryPagePeople = 128
  public static let directoryPageBytes = 256 << 10
  /// And how many statements: after whichever comes first, the page ends with the member that is on it.
  public static let directoryPageStatements = 512
  /// What a page holds at most, with all that its last member says: a larger one is nobody's mistake. A receiver verifies
  /// it in some 50 milliseconds.
  public static let directoryPageBytesMax = 2 * directoryPageBytes
  public static let directoryPageStatementsMax = directoryPageStatements + vouchRowsPerMemberMax + 2
  /// Pages that one peer asks for at once: a directory of 100,000 with room to spare.
  public static let directoryPagesBurst: UInt64 = 2000
  /// And how often one more after that.
  public static let directoryPagesIntervalMilliseconds: UInt64 = 100
  /// How often one more is asked for, after as many at once: what a peer makes up without an end takes a twentieth of a
  /// node's time.
  public static let directoryQuestionsIntervalMilliseconds: UInt64 = 1000
  /// Members of one peer that a node keeps a copy of, and pages on which nobody is; what comes on top is passed over. While
  /// a copy is made anew there are twice as many for a while.
  public static let directoryCopiesPerPeerMax = 200_000
  /// How often a node looks for changes in its peers' directories where none is announced.
  public static let directoryPullMilliseconds: UInt64 = 15 * 60_000
  /// How soon after the last time a node announces that its directory has changed again.
  public static let directoryHintMilliseconds: UInt64 = 5_000
  /// Cards in a vCard file: an address book, and no more memory than that.
  public static let vCardsMax = 10_000
  /// Bytes of such a file.
  public static let vCardBytesMax = 8 << 20
  /// Duty roles of one node: more than a contact point has duties.
  public static let rolesMax = 256
  /// People who hold one role at once: a shift.
  public static let roleHoldersMax = 8
  /// How long a role card is in force: 30 days, after which an old one that somebody still shows counts no more. The node
  /// renews it in time.
  public static let roleCardLifetimeMilliseconds: UInt64 = 30 * 86_400_000
  /// How long before its end a role card is renewed.
  public static let roleCardRenewalMilliseconds: UInt64 = 10 * 86_400_000
  /// How long a role's hand-over may wait to be accepted: 7 days, a holiday's length.
  public static let dutyOfferMillisecondsMax: UInt64 = 7 * 86_400_000
  /// Messages of one room that go over with a role: as many as one acknowledgement names. Older ones stay in history.
  public static let handedOverMax = 256
  /// How long a communication check may take: a day.
  public static let checkMillisecondsMax: UInt64 = 86_400_000
  /// Checks of one node that are open at once, its own or a peer's.
  public static let openChecksMax = 4
  /// The least time between two starts of checks by the own administrators: ten minutes. People's patience is the bound.
  public static let checkIntervalMilliseconds: UInt64 = 600_000
  /// And between two that a peer sends, whose clock and links are not ours: half of it.
  public static let peerCheckIntervalMilliseconds: UInt64 = 300_000
  /// Checks whose reports are kept.
  public static let checksKeptMax = 100
}
