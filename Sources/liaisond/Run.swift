internal import ArgumentParser
internal import CommandKit
internal import CoreMetrics
internal import LiaisonAdmin
internal import LiaisonLink
internal import LiaisonModel
internal import LiaisonNode
internal import Logging
internal import NIOPosix
internal import ServiceLifecycle

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the node until it is told to stop (SIGTERM, SIGINT). Logs to standard error.",
    discussion: """
      Settings come from config.yaml in the home, from LIAISON_LISTEN, LIAISON_ADVERTISE, LIAISON_LOG_LEVEL and \
      LIAISON_STOP_SECONDS, and from here; the later wins.

      Example: liaisond run --home /var/lib/liaison --passphrase-file /run/credentials/liaison
      """)

  @OptionGroup var homeOptions: HomeOptions
  @OptionGroup var passphraseOptions: PassphraseOptions
  @Option(name: .long, help: ArgumentHelp("Where to listen.", valueName: "host:port")) var listen: String?
  @Option(name: .long, help: "trace, debug, info, notice, warning, error or critical.") var logLevel: String?

  func run() async throws {
    ProcessMemory.returnLargeBlocks()
    OpenFiles.raiseLimit()
    let home = NodeHome(try homeOptions.folder())
    try home.checkExists()
    let configuration = try await NodeConfiguration.load(
      home, flags: .init(listen: listen, logLevel: logLevel), environment: Terminal.environment)
    let lock = try HomeLock(home)
    let storeKey = try home.unlock(passphrase: OpenedNode.passphrase(passphraseOptions, home))
    let node = try OpenedNode(home, isQuick: true, under: storeKey)
    let keys = try home.settle(node.keys, under: storeKey)

    LoggingSystem.bootstrap { _ in StandardErrorLog(logLevel: configuration.logLevel) }
    let metrics = MetricsRegistry()
    MetricsSystem.bootstrap(metrics)
    let logger = Logger(label: "liaisond")
    warn(node, configuration, logger)
    let listener: LinkListener
    do {
      listener = try await LinkListener.listen(
        on: configuration.listen, as: LinkIdentity(node.identity.key), logger: logger)
    } catch {
      throw CommandError(.unavailable, "cannot listen on \(configuration.listen): \(escaped(error.reason))")
    }
    let admin = try await AdminServer(home)

    let software = "liaisond/\(releaseVersion)"
    let identity = node.identity
    let peers = PeerTable(node.log.registry, at: .now)
    let chunks = try ChunkStore(folder: home.documents)
    let runtime = NodeRuntime(
      core: NodeCore(identity: identity, peers: peers, store: node.store), chunks: chunks,
      software: software, thread: MultiThreadedEventLoopGroup(numberOfThreads: 1).next(), logger: logger)
    let clock: @Sendable () -> Timestamp = { .now }
    let audit = try AuditLog(folder: home.audit, at: .now, logger: logger)
    self.audit(node, configuration, in: audit, logger)
    let keeper: TrustKeeper
    do {
      keeper = try TrustKeeper(
        log: node.log, entries: node.entries, key: keys.inUse, spare: keys.spare, node: runtime,
        peerHeads: PeerHeads(folder: home.heads), charters: CharterBox(folder: home.charters), audit: audit,
        clock: clock, logger: logger)
    } catch { throw CommandError(.badData, error.sentence) }
    let service = AdminService(
      keeper: keeper, node: runtime, home: home, chunks: chunks, software: software, listening: listener.endpoint,
      metrics: metrics, clock: clock, logger: logger)

    // They stop in the opposite order: no requests of administrators any more, then the node. Each has a name, or what
    // it holds would be written out to be one.
    var services = ServiceGroupConfiguration(
      services: [
        .init(
          service: NodeService(
            handle: identity.handle, runtime: runtime, listener: listener, keeper: keeper, logger: logger),
          serviceName: "node"),
        .init(service: ExpiryService(keeper: keeper), serviceName: "expiry"),
        .init(service: SignatureService(entries: node.entries), serviceName: "signatures"),
        .init(service: SealingService(keeper: keeper, logger: logger), serviceName: "sealing"),
        .init(service: AdminSocketService(server: admin, service: service), serviceName: "administrators"),
      ], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: Logger(label: "services") { _ in SwiftLogNoOpLogHandler() })
    services.maximumGracefulShutdownDuration = .seconds(configuration.stopSeconds)
    let group = ServiceGroup(configuration: services)
    ProcessMemory.returnStart()
    try await group.run()
    logger.notice("stopped")
    withExtendedLifetime(lock) {}
  }

  /// Says in the audit log that the node starts, and what is other than it was.
  private func audit(
    _ node: OpenedNode, _ configuration: NodeConfiguration, in audit: AuditLog, _ logger: Logger
  ) {
    if let why = audit.checkStart(against: node.audit, at: .now) {
      logger.error("the audit log is damaged", metadata: ["why": "\(why)"])
    }
    let settings = configuration.settings.merging(["release": releaseVersion]) { $1 }
    for event in AuditEvent.changes(from: audit.lastSettings, to: settings) { audit.append(event, at: .now) }
    audit.append(
      AuditEvent(.nodeStarted, who: "this node", what: "the node started", settings: settings), at: .now)
  }

  /// What an administrator should know before it is too late.
  private func warn(_ node: OpenedNode, _ configuration: NodeConfiguration, _ logger: Logger) {
    let card = node.identity.card
    if (try? card.checkInForce(at: .now)) == nil {
      logger.error("this node's card is not in force: issue the next one with liaisonctl card renew")
    } else if card.content.expiresAt < Timestamp.now.adding(milliseconds: 30 * 86_400_000) {
      logger.warning("this node's card expires soon: issue the next one with liaisonctl card renew")
    }
    if !configuration.advertised.isEmpty, configuration.advertised != card.content.endpoints {
      logger.warning(
        "the card names other addresses than the configuration: issue the next one with liaisonctl card renew")
    }
  }
}

extension LinkError {
  /// Without the words that the caller says already.
  fileprivate var reason: String {
    if case .cannotListen(let reason) = self { reason } else { sentence }
  }
}
