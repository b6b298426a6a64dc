extension Schema {
  /// What waits for bundles to carry it, and what bundles brought.
  static let bundles = """
    CREATE TABLE bundle_exchanges (
      peer TEXT NOT NULL PRIMARY KEY,
      -- A signed BundleKey of the peer; empty where there is none.
      key BLOB NOT NULL,
      -- The number of the last record that was to be carried, and up to which the peer has taken them.
      last_sequence INTEGER NOT NULL CHECK (last_sequence >= 0),
      released INTEGER NOT NULL CHECK (released >= 0),
      -- The number of the last record of the peer's that was taken.
      taken INTEGER NOT NULL CHECK (taken >= 0),
      -- Whether a bundle of the peer was ever taken, and the newest that was taken to its end.
      is_used INTEGER NOT NULL CHECK (is_used IN (0, 1)),
      newest BLOB CHECK (length(newest) = 16),
      newest_made_at INTEGER,
      CHECK ((newest IS NULL) = (newest_made_at IS NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE bundle_items (
      peer TEXT NOT NULL,
      sequence INTEGER NOT NULL CHECK (sequence > 0),
      -- The envelope that it is about: a receipt is owed where there is a digest, else it was refused.
      message BLOB CHECK (length(message) = 16),
      digest BLOB CHECK (length(digest) = 32),
      frame BLOB,
      PRIMARY KEY (peer, sequence),
      CHECK ((digest IS NULL) <> (frame IS NULL)),
      CHECK (digest IS NULL OR message IS NOT NULL)
    ) STRICT, WITHOUT ROWID;

    CREATE UNIQUE INDEX bundle_items_by_message ON bundle_items (peer, message) WHERE message IS NOT NULL;

    CREATE TABLE bundle_questions (
      peer TEXT NOT NULL,
      -- What was asked, in words of our own.
      subject TEXT NOT NULL,
      -- The number of the record that asks.
      sequence INTEGER NOT NULL,
      asked_at INTEGER NOT NULL,
      -- An encoded frame; NULL until it has come.
      answer BLOB,
      PRIMARY KEY (peer, subject)
    ) STRICT, WITHOUT ROWID;

    CREATE UNIQUE INDEX bundle_questions_by_sequence ON bundle_questions (peer, sequence);
    CREATE INDEX bundle_questions_by_age ON bundle_questions (asked_at);
    """
}
