extension Schema {
  /// Duty roles.
  static let duty = """
    CREATE TABLE roles (
      address TEXT NOT NULL PRIMARY KEY CHECK (length(address) BETWEEN 4 AND 97),
      serial INTEGER NOT NULL CHECK (serial > 0),
      -- The last role card, as signed.
      card BLOB NOT NULL,
      -- A signed DutyOffer that waits to be accepted.
      offer BLOB,
      -- Why the role was removed; NULL where not.
      removal TEXT,
      CHECK (removal IS NULL OR offer IS NULL)
    ) STRICT, WITHOUT ROWID;
    """
}
