extension Schema {
  /// The directory of people, with copies of the peers', and vouches. This node's members have their cards in `members`.
  static let people = """
    CREATE TABLE people (
      id INTEGER PRIMARY KEY,
      address TEXT NOT NULL UNIQUE,
      node TEXT NOT NULL,
      -- A signed MemberCard of a peer's member, and when it ends; NULL for this node's own.
      card BLOB,
      card_expires_at INTEGER,
      discipline INTEGER NOT NULL CHECK (discipline BETWEEN 1 AND 4),
      -- Bits, the lowest for the first: every discipline that the member has had.
      disciplines INTEGER NOT NULL CHECK (disciplines BETWEEN 1 AND 15),
      -- Whether a member of this node is one no more.
      is_gone INTEGER NOT NULL CHECK (is_gone IN (0, 1)),
      -- A signed PersonEntry.
      entry BLOB,
      entry_serial INTEGER CHECK (entry_serial >= 0),
      confirmed_at INTEGER,
      -- Of this node's own: the number of the last change. Of a peer's: the round of the copy that brought it.
      change INTEGER NOT NULL CHECK (change >= 0),
      CHECK ((entry IS NULL) = (entry_serial IS NULL) AND (entry IS NULL) = (confirmed_at IS NULL)),
      CHECK ((card IS NULL) = (card_expires_at IS NULL))
    ) STRICT;

    CREATE INDEX people_by_change ON people (node, change);
    CREATE INDEX people_by_confirmation ON people (node, confirmed_at) WHERE confirmed_at IS NOT NULL;

    -- What is searched of whoever is not gone; in marks are the node, the discipline and the languages, as words of our own.
    CREATE VIRTUAL TABLE people_text USING fts5 (
      text, marks, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3 4 5 6 7 8 9 10 11 12'
    );

    CREATE TABLE directory_identifier (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
      identifier BLOB NOT NULL CHECK (length(identifier) = 16)
    ) STRICT;

    CREATE TABLE directory_copies (
      peer TEXT NOT NULL PRIMARY KEY,
      version BLOB NOT NULL CHECK (length(version) IN (0, 32)),
      since INTEGER NOT NULL CHECK (since >= 0),
      round INTEGER NOT NULL CHECK (round >= 0),
      is_whole INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
      -- How many came in this round.
      people INTEGER NOT NULL CHECK (people >= 0)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE vouches (
      voucher TEXT NOT NULL,
      identifier BLOB NOT NULL CHECK (length(identifier) = 16),
      subject TEXT,
      -- A signed Vouch, or a signed VouchRevocation in its place.
      vouch BLOB,
      revocation BLOB,
      expires_at INTEGER NOT NULL,
      PRIMARY KEY (voucher, identifier),
      CHECK ((vouch IS NULL) <> (revocation IS NULL)),
      CHECK ((vouch IS NULL) = (subject IS NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX vouches_by_subject ON vouches (subject) WHERE subject IS NOT NULL;
    CREATE INDEX vouches_by_end ON vouches (expires_at);

    INSERT INTO people (address, node, discipline, disciplines, is_gone, change)
      SELECT address, substr(address, instr(address, '@') + 1), discipline, 1 << (discipline - 1), 0,
        row_number() OVER (ORDER BY address)
      FROM members WHERE card IS NOT NULL AND revocation IS NULL
        AND EXISTS (SELECT 1 FROM devices d WHERE d.address = members.address);

    INSERT INTO people_text (rowid, text, marks)
      SELECT p.id, m.name || char(10) || m.address || char(10) || m.role || char(10) || d.name,
        'n' || lower(hex(p.node)) || ' d' || d.name
      FROM people p JOIN members m USING (address)
        JOIN (SELECT 1 AS code, 'physical' AS name UNION ALL SELECT 2, 'security' UNION ALL SELECT 3, 'cyber'
          UNION ALL SELECT 4, 'other') d ON d.code = m.discipline;
    """
}
