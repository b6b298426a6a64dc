extension Schema {
  /// Communication checks, started here and held for peers.
  static let checks = """
    CREATE TABLE com_checks (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      -- The first 16 bytes of the statement's SHA-256, here and below.
      identifier BLOB NOT NULL UNIQUE CHECK (length(identifier) = 16),
      -- As signed by this node.
      statement BLOB NOT NULL,
      answer_by INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE com_check_countries (
      identifier BLOB NOT NULL REFERENCES com_checks (identifier) ON DELETE CASCADE,
      handle TEXT NOT NULL,
      -- A signed ComCheckReceipt and a ProvenAnswer, and when they came.
      receipt BLOB,
      receipt_at INTEGER,
      answer BLOB,
      answer_at INTEGER,
      refusal TEXT,
      PRIMARY KEY (identifier, handle),
      CHECK ((receipt IS NULL) = (receipt_at IS NULL)),
      CHECK ((answer IS NULL) = (answer_at IS NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE held_com_checks (
      origin TEXT NOT NULL,
      identifier BLOB NOT NULL CHECK (length(identifier) = 16),
      -- As signed by the origin, and what it was told.
      statement BLOB NOT NULL,
      receipt BLOB NOT NULL,
      -- Both by this node's clock.
      ends_at INTEGER NOT NULL,
      held_at INTEGER NOT NULL,
      -- A ProvenAnswer, and whether the origin has it.
      answer BLOB,
      is_confirmed INTEGER NOT NULL CHECK (is_confirmed IN (0, 1)),
      PRIMARY KEY (origin, identifier),
      CHECK (is_confirmed = 0 OR answer IS NOT NULL)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX held_com_checks_by_end ON held_com_checks (ends_at);
    """
}
