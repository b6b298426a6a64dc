internal import GRDB

/// The tables of a profile. Every `value` is sealed with the profile's key, its context the table and the row's key;
/// every BLOB key is a blind index. What lies in clear are numbers that order rows, and nothing that anybody wrote.
enum ProfileSchema {
  /// Migrations are frozen once released: a change is a new one.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { db in try db.execute(sql: first) }
    migrator.registerMigration("2") { db in try db.execute(sql: second) }
    migrator.registerMigration("people") { db in try db.execute(sql: people) }
    migrator.registerMigration("directory") { db in try db.execute(sql: directory) }
    migrator.registerMigration("duty") { db in try db.execute(sql: duty) }
    return migrator
  }

  private static let duty = """
    -- Duty roles, by address: who holds them, and who did.
    CREATE TABLE roles (
      role BLOB PRIMARY KEY NOT NULL CHECK (length(role) = 16),
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  private static let first = """
    -- What there is one of: the identity, an enrolment under way.
    CREATE TABLE settings (
      name TEXT PRIMARY KEY NOT NULL,
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- The inbox's position, and when chores were last done.
    CREATE TABLE counters (
      name TEXT PRIMARY KEY NOT NULL,
      value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE nodes (
      node BLOB PRIMARY KEY NOT NULL CHECK (length(node) = 16),
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE contacts (
      member BLOB PRIMARY KEY NOT NULL CHECK (length(member) = 16),
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE keyPackages (
      reference BLOB PRIMARY KEY NOT NULL CHECK (length(reference) = 16),
      lastResort INTEGER NOT NULL CHECK (lastResort IN (0, 1)),
      uploaded INTEGER NOT NULL CHECK (uploaded IN (0, 1)),
      expiresAt INTEGER NOT NULL,
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE rooms (
      room BLOB PRIMARY KEY NOT NULL CHECK (length(room) = 16),
      -- Messages that this device has sent to the room.
      sequence INTEGER NOT NULL CHECK (sequence >= 0),
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- MLS state, record by record, so that a message writes few of them. `kind` and `item` are MLS.RecordKey's; `epoch`
    -- is its epoch less 2^63, which keeps its order in signed numbers.
    CREATE TABLE groupRecords (
      room BLOB NOT NULL REFERENCES rooms ON DELETE CASCADE,
      kind INTEGER NOT NULL,
      epoch INTEGER NOT NULL,
      item INTEGER NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (room, kind, epoch, item)
    ) STRICT, WITHOUT ROWID;

    -- What people see, in the order in which this device had it.
    CREATE TABLE history (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      room BLOB NOT NULL REFERENCES rooms,
      message BLOB NOT NULL UNIQUE CHECK (length(message) = 16),
      -- Blind index of the identifier's first four digits, to find it by them.
      prefix BLOB NOT NULL,
      value BLOB NOT NULL
    ) STRICT;
    CREATE INDEX historyByRoom ON history (room, position);
    CREATE INDEX historyByPrefix ON history (prefix);

    CREATE TABLE unread (
      position INTEGER PRIMARY KEY REFERENCES history
    ) STRICT;

    -- Envelopes that were taken, by digest: a node may hand one over twice.
    CREATE TABLE seen (
      envelope BLOB PRIMARY KEY NOT NULL CHECK (length(envelope) = 16)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE deliveries (
      message BLOB NOT NULL,
      node BLOB NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (message, node)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE readings (
      message BLOB NOT NULL,
      member BLOB NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (message, member)
    ) STRICT, WITHOUT ROWID;

    -- Envelopes of an epoch, or of a room, that has not come yet.
    CREATE TABLE waiting (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      room BLOB NOT NULL,
      epoch INTEGER NOT NULL,
      identifier BLOB NOT NULL UNIQUE,
      value BLOB NOT NULL
    ) STRICT;
    CREATE INDEX waitingByRoom ON waiting (room, epoch, position);

    -- What was made here and has not been accepted yet. `kind` is 1 for an envelope, 2 for a commit.
    CREATE TABLE outbox (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      message BLOB NOT NULL UNIQUE,
      room BLOB NOT NULL REFERENCES rooms,
      kind INTEGER NOT NULL CHECK (kind IN (1, 2)),
      value BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX outboxOneCommit ON outbox (room) WHERE kind = 2;

    -- What is to be done to a room, in order. `state` is 0 open, 1 in the commit that is under way, 2 failed.
    CREATE TABLE intents (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      identifier BLOB NOT NULL UNIQUE,
      room BLOB NOT NULL REFERENCES rooms,
      state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
      value BLOB NOT NULL
    ) STRICT;
    CREATE INDEX intentsByRoom ON intents (room, position);

    -- What came of each sending device since it, or this device, came into the room: its messages are numbered from
    -- "first" up to, but not including, next, and some of these are missing.
    CREATE TABLE senders (
      room BLOB NOT NULL,
      sender BLOB NOT NULL,
      since INTEGER NOT NULL,
      first INTEGER NOT NULL,
      next INTEGER NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (room, sender, since)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE gaps (
      room BLOB NOT NULL,
      sender BLOB NOT NULL,
      since INTEGER NOT NULL,
      first INTEGER NOT NULL,
      last INTEGER NOT NULL CHECK (last >= first),
      PRIMARY KEY (room, sender, since, first)
    ) STRICT, WITHOUT ROWID;

    -- Documents whose upload has begun, so that it can go on where it stopped.
    CREATE TABLE shares (
      file BLOB PRIMARY KEY NOT NULL,
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE shareChunks (
      file BLOB NOT NULL REFERENCES shares ON DELETE CASCADE,
      ordinal INTEGER NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (file, ordinal)
    ) STRICT, WITHOUT ROWID;
    """

  private static let directory = """
    -- What is known of countries' directory logs.
    CREATE TABLE directories (
      node BLOB PRIMARY KEY NOT NULL CHECK (length(node) = 16),
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- Cards that came in rooms, and whether they were held against directories.
    CREATE TABLE cardChecks (
      member BLOB PRIMARY KEY NOT NULL CHECK (length(member) = 16),
      isPending INTEGER NOT NULL CHECK (isPending IN (0, 1)),
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX cardChecksPending ON cardChecks (member) WHERE isPending = 1;
    """

  private static let second = """
    -- The more urgent first.
    ALTER TABLE outbox ADD COLUMN precedence INTEGER NOT NULL DEFAULT 0 CHECK (precedence BETWEEN 0 AND 3);
    CREATE INDEX outboxByPrecedence ON outbox (kind, precedence DESC, position);

    -- What others wrote and this member has not acknowledged.
    CREATE TABLE unacknowledged (
      position INTEGER PRIMARY KEY REFERENCES history,
      precedence INTEGER NOT NULL CHECK (precedence BETWEEN 0 AND 3)
    ) STRICT;
    CREATE INDEX unacknowledgedByPrecedence ON unacknowledged (precedence, position);

    -- What this device has sent to a room since it came in, by number, for those who miss it. What people see is in
    -- history, other messages are here; requests for missing messages and their answers are neither here nor there.
    CREATE TABLE sent (
      room BLOB NOT NULL,
      sequence INTEGER NOT NULL,
      epoch INTEGER NOT NULL,
      position INTEGER,
      value BLOB,
      PRIMARY KEY (room, sequence)
    ) STRICT, WITHOUT ROWID;

    -- Devices of whose messages some are missing, and when each is asked for them next.
    CREATE TABLE asks (
      room BLOB NOT NULL,
      sender BLOB NOT NULL,
      nextAt INTEGER NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (room, sender)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX asksByTime ON asks (nextAt);

    -- How many requests of a device were answered since when.
    CREATE TABLE answers (
      room BLOB NOT NULL,
      asker BLOB NOT NULL,
      since INTEGER NOT NULL,
      count INTEGER NOT NULL,
      PRIMARY KEY (room, asker)
    ) STRICT, WITHOUT ROWID;

    -- 1 for what its sender said it cannot send again.
    ALTER TABLE gaps ADD COLUMN gone INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1));
    """
}
