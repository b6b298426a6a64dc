package import LiaisonModel
package import LiaisonNode

extension SQLiteNodeTransaction: BundleStore {
  package func bundleExchange(with peer: Handle) throws(StoreError) -> BundleExchange {
    var exchange = BundleExchange()
    guard
      let row = try row(
        """
        SELECT key, last_sequence, released, taken, is_used, newest, newest_made_at FROM bundle_exchanges WHERE peer = ?
        """, peer.description)
    else { return exchange }
    exchange.key = row.bytes(0)
    exchange.lastSequence = row.unsigned(1)
    exchange.released = row.unsigned(2)
    exchange.taken = row.unsigned(3)
    exchange.isUsed = row.integer(4) == 1
    if row.optionalBytes(5) != nil {
      exchange.newest = BundleExchange.Newest(bundle: try row.identifier(5), madeAt: row.timestamp(6))
    }
    return exchange
  }

  package func save(_ exchange: BundleExchange, with peer: Handle) throws(StoreError) {
    try run(
      """
      INSERT INTO bundle_exchanges (peer, key, last_sequence, released, taken, is_used, newest, newest_made_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET key = excluded.key, last_sequence = excluded.last_sequence,
        released = excluded.released, taken = excluded.taken, is_used = excluded.is_used, newest = excluded.newest,
        newest_made_at = excluded.newest_made_at
      """, peer.description, exchange.key, exchange.lastSequence.integer, exchange.released.integer,
      exchange.taken.integer, exchange.isUsed ? 1 : 0, exchange.newest?.bundle.bytes,
      exchange.newest?.madeAt.integer)
  }

  package func insertBundleItem(_ item: BundleItem, for peer: Handle) throws(StoreError) {
    switch item.content {
    case .receipt(let leaf):
      try run(
        """
        INSERT INTO bundle_items (peer, sequence, message, digest) VALUES (?, ?, ?, ?)
        ON CONFLICT (peer, message) WHERE message IS NOT NULL DO NOTHING
        """, peer.description, item.sequence.integer, leaf.message.bytes, leaf.envelopeDigest)
    case .refusal(let message, let frame):
      try run("DELETE FROM bundle_items WHERE peer = ? AND message = ?", peer.description, message.bytes)
      try run(
        "INSERT INTO bundle_items (peer, sequence, message, frame) VALUES (?, ?, ?, ?)", peer.description,
        item.sequence.integer, message.bytes, frame)
    case .frame(let frame):
      try run(
        "INSERT INTO bundle_items (peer, sequence, frame) VALUES (?, ?, ?)", peer.description, item.sequence.integer,
        frame)
    }
  }

  package func bundleItems(
    for peer: Handle, after sequence: UInt64, limit: Int
  ) throws(StoreError) -> [BundleItem] {
    try rows(
      "SELECT sequence, message, digest, frame FROM bundle_items WHERE peer = ? AND sequence > ? ORDER BY sequence LIMIT ?",
      peer.description, sequence.integer, limit
    ).stored { row throws(StoreError) in try BundleItem(row) }
  }

  package func removeBundleItems(for peer: Handle, through sequence: UInt64) throws(StoreError) {
    try run("DELETE FROM bundle_items WHERE peer = ? AND sequence <= ?", peer.description, sequence.integer)
  }

  package func takeBundleItemsAboutMessages(for peer: Handle, limit: Int) throws(StoreError) -> [BundleItem] {
    let items = try rows(
      """
      SELECT sequence, message, digest, frame FROM bundle_items
      WHERE peer = ? AND message IS NOT NULL ORDER BY sequence LIMIT ?
      """, peer.description, limit
    ).stored { row throws(StoreError) in try BundleItem(row) }
    for item in items {
      try run(
        "DELETE FROM bundle_items WHERE peer = ? AND sequence = ?", peer.description, item.sequence.integer)
    }
    return items
  }

  package func bundleFrameCount(for peer: Handle) throws(StoreError) -> Int {
    try row("SELECT count(*) FROM bundle_items WHERE peer = ? AND message IS NULL", peer.description)?.number(0) ?? 0
  }

  package func bundleQuestion(_ subject: String, to peer: Handle) throws(StoreError) -> BundleQuestion? {
    try row(
      "SELECT subject, sequence, asked_at, answer FROM bundle_questions WHERE peer = ? AND subject = ?",
      peer.description, subject
    ).map { BundleQuestion($0) }
  }

  package func bundleQuestion(sequence: UInt64, to peer: Handle) throws(StoreError) -> BundleQuestion? {
    try row(
      "SELECT subject, sequence, asked_at, answer FROM bundle_questions WHERE peer = ? AND sequence = ?",
      peer.description, sequence.integer
    ).map { BundleQuestion($0) }
  }

  package func save(_ question: BundleQuestion, to peer: Handle) throws(StoreError) {
    try run(
      """
      INSERT INTO bundle_questions (peer, subject, sequence, asked_at, answer) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (peer, subject) DO UPDATE SET sequence = excluded.sequence, asked_at = excluded.asked_at,
        answer = excluded.answer
      """, peer.description, question.subject, question.sequence.integer, question.askedAt.integer, question.answer)
  }

  package func removeBundleQuestion(_ subject: String, to peer: Handle) throws(StoreError) {
    try run("DELETE FROM bundle_questions WHERE peer = ? AND subject = ?", peer.description, subject)
  }

  package func bundleQuestionCount(to peer: Handle) throws(StoreError) -> Int {
    try row("SELECT count(*) FROM bundle_questions WHERE peer = ?", peer.description)?.number(0) ?? 0
  }

  package func removeBundleQuestions(askedBefore time: Timestamp) throws(StoreError) {
    try run("DELETE FROM bundle_questions WHERE asked_at < ?", time.integer)
  }
}

extension BundleItem {
  /// Columns: sequence, message, digest, frame.
  fileprivate init(_ row: Row) throws(StoreError) {
    let content: Content
    if let digest = row.optionalBytes(2) {
      content = .receipt(ReceiptLeaf(message: try row.identifier(1), envelopeDigest: digest))
    } else if row.optionalBytes(1) != nil {
      content = .refusal(try row.identifier(1), frame: row.bytes(3))
    } else {
      content = .frame(row.bytes(3))
    }
    self.init(sequence: row.unsigned(0), content)
  }
}

extension BundleQuestion {
  /// Columns: subject, sequence, asked_at, answer.
  fileprivate init(_ row: Row) {
    self.init(
      subject: row.text(0), sequence: row.unsigned(1), askedAt: row.timestamp(2), answer: row.optionalBytes(3))
  }
}
