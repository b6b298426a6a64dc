internal import GRDB

/// The schema and its history. A migration never changes once it was released; `schema.sql` shows where they lead.
enum Schema {
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in try database.execute(sql: version1) }
    migrator.registerMigration("2") { database in try database.execute(sql: version2) }
    migrator.registerMigration("3") { database in try database.execute(sql: version3) }
    migrator.registerMigration("bundles") { database in try database.execute(sql: bundles) }
    migrator.registerMigration("people") { database in try database.execute(sql: people) }
    migrator.registerMigration("directory") { database in try database.execute(sql: directory) }
    migrator.registerMigration("duty") { database in try database.execute(sql: duty) }
    migrator.registerMigration("com checks") { database in try database.execute(sql: checks) }
    return migrator
  }

  /// Rows that show a counter which disagrees with what it counts; none in a sound store.
  static let disagreements = """
    WITH counted AS (\(counted))
    SELECT 'total' FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept_totals)
    UNION ALL
    SELECT 'total' FROM (SELECT * FROM kept_totals EXCEPT SELECT * FROM counted)
    UNION ALL
    SELECT 'device' FROM devices d
      WHERE inbox_count <> (SELECT count(*) FROM inbox i WHERE i.device = d.device)
    UNION ALL
    SELECT 'peer' FROM peer_totals p
      WHERE queued <> (SELECT count(*) FROM deliveries d WHERE d.peer = p.peer AND d.state = 0)
        OR queued_bytes <> (SELECT coalesce(sum(bytes), 0) FROM deliveries d WHERE d.peer = p.peer AND d.state = 0)
        OR held <> (SELECT count(*) FROM held h WHERE h.peer = p.peer)
        OR held_bytes <> (SELECT coalesce(sum(bytes), 0) FROM held h WHERE h.peer = p.peer)
    UNION ALL
    SELECT 'message' FROM messages m
      WHERE uses <> (SELECT count(*) FROM deliveries d WHERE d.message = m.id AND d.state = 0)
        + (SELECT count(*) FROM inbox i WHERE i.message = m.id) + (SELECT count(*) FROM held h WHERE h.message = m.id)
        OR (uses > 0) <> EXISTS (SELECT 1 FROM envelopes e WHERE e.message = m.id)
    LIMIT 1
    """

  /// What `kept_totals` must say, counted anew.
  private static let counted = """
    SELECT scope, name, count(*) AS messages, count(bytes) AS kept, coalesce(sum(bytes), 0) AS kept_bytes
    FROM (
      SELECT
        CASE WHEN m.sender IS NULL THEN 0 ELSE 1 END AS scope, coalesce(m.sender, m.origin) AS name,
        length(e.bytes) AS bytes
      FROM messages m LEFT JOIN envelopes e ON e.message = m.id
      UNION ALL
      SELECT 2, lower(hex(m.room)), length(e.bytes) FROM messages m LEFT JOIN envelopes e ON e.message = m.id
    )
    GROUP BY scope, name
    """

  private static let version1 = """
    CREATE TABLE trust_log (
      sequence INTEGER PRIMARY KEY CHECK (sequence >= 0),
      entry BLOB NOT NULL
    ) STRICT;

    CREATE TABLE trust_log_head (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
      head BLOB NOT NULL
    ) STRICT;

    CREATE TABLE members (
      address TEXT NOT NULL PRIMARY KEY CHECK (length(address) BETWEEN 4 AND 97),
      name TEXT NOT NULL,
      discipline INTEGER NOT NULL CHECK (discipline BETWEEN 1 AND 4),
      role TEXT NOT NULL,
      -- The last member card, as signed; NULL until a device has enrolled.
      card BLOB,
      serial INTEGER NOT NULL CHECK (serial >= 0),
      card_expires_at INTEGER,
      -- Why the member was revoked; NULL where not.
      revocation TEXT,
      CHECK ((card IS NULL) = (serial = 0)),
      CHECK ((card IS NULL) = (card_expires_at IS NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX members_by_card_expiry ON members (card_expires_at) WHERE revocation IS NULL AND card IS NOT NULL;

    CREATE TABLE devices (
      device BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 16),
      address TEXT NOT NULL REFERENCES members (address),
      link_key BLOB NOT NULL UNIQUE CHECK (length(link_key) = 32),
      signature_key BLOB NOT NULL UNIQUE CHECK (length(signature_key) = 32),
      enrolled_at INTEGER NOT NULL,
      -- The sequence of the last inbox item ever put in, and how many are in it now.
      inbox_end INTEGER NOT NULL DEFAULT 0 CHECK (inbox_end >= 0),
      inbox_count INTEGER NOT NULL DEFAULT 0 CHECK (inbox_count >= 0)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX devices_by_address ON devices (address, enrolled_at);

    CREATE TABLE invitations (
      secret_hash BLOB NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
      address TEXT NOT NULL REFERENCES members (address),
      expires_at INTEGER NOT NULL,
      -- The device that used it, which may have been removed since.
      used_by BLOB CHECK (length(used_by) = 16)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX invitations_by_address ON invitations (address);

    CREATE TABLE key_packages (
      reference BLOB NOT NULL PRIMARY KEY,
      device BLOB NOT NULL REFERENCES devices (device) ON DELETE CASCADE,
      is_last_resort INTEGER NOT NULL CHECK (is_last_resort IN (0, 1)),
      expires_at INTEGER NOT NULL,
      bytes BLOB NOT NULL
    ) STRICT;

    CREATE INDEX key_packages_by_device ON key_packages (device, is_last_resort, expires_at);
    CREATE UNIQUE INDEX key_packages_of_last_resort ON key_packages (device) WHERE is_last_resort = 1;
    CREATE INDEX key_packages_by_expiry ON key_packages (expires_at);

    CREATE TABLE messages (
      id INTEGER PRIMARY KEY,
      origin TEXT NOT NULL,
      message BLOB NOT NULL CHECK (length(message) = 16),
      room BLOB NOT NULL CHECK (length(room) = 16),
      digest BLOB NOT NULL CHECK (length(digest) = 32),
      accepted_at INTEGER NOT NULL,
      -- The author, where that is a member of this node.
      sender TEXT,
      -- Queue entries, inbox items and held envelopes that need the envelope; it goes with the last of them.
      uses INTEGER NOT NULL DEFAULT 0 CHECK (uses >= 0),
      UNIQUE (origin, message)
    ) STRICT;

    CREATE INDEX messages_by_acceptance ON messages (accepted_at);

    CREATE TABLE envelopes (
      message INTEGER PRIMARY KEY REFERENCES messages (id),
      bytes BLOB NOT NULL
    ) STRICT;

    CREATE TABLE deliveries (
      message INTEGER NOT NULL REFERENCES messages (id),
      peer TEXT NOT NULL,
      -- 0 queued, 1 delivered, 2 undeliverable
      state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
      precedence INTEGER NOT NULL CHECK (precedence BETWEEN 0 AND 3),
      sequence INTEGER NOT NULL CHECK (sequence > 0),
      bytes INTEGER NOT NULL CHECK (bytes >= 0),
      queued_at INTEGER NOT NULL,
      receipt BLOB,
      PRIMARY KEY (message, peer),
      CHECK (state <> 1 OR receipt IS NOT NULL)
    ) STRICT, WITHOUT ROWID;

    CREATE UNIQUE INDEX deliveries_queued ON deliveries (peer, precedence, sequence) WHERE state = 0;
    CREATE INDEX deliveries_queued_by_age ON deliveries (queued_at) WHERE state = 0;

    CREATE TABLE peer_totals (
      peer TEXT NOT NULL PRIMARY KEY,
      last_sequence INTEGER NOT NULL DEFAULT 0,
      queued INTEGER NOT NULL DEFAULT 0 CHECK (queued >= 0),
      queued_bytes INTEGER NOT NULL DEFAULT 0 CHECK (queued_bytes >= 0),
      held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
      held_bytes INTEGER NOT NULL DEFAULT 0 CHECK (held_bytes >= 0)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE held (
      message INTEGER PRIMARY KEY REFERENCES messages (id),
      peer TEXT NOT NULL,
      room BLOB NOT NULL CHECK (length(room) = 16),
      -- The epoch that the room must have reached.
      epoch INTEGER NOT NULL CHECK (epoch >= 0),
      bytes INTEGER NOT NULL CHECK (bytes >= 0),
      held_since INTEGER NOT NULL
    ) STRICT;

    CREATE INDEX held_by_room ON held (room, epoch);
    CREATE INDEX held_by_age ON held (held_since);

    CREATE TABLE inbox (
      device BLOB NOT NULL REFERENCES devices (device),
      sequence INTEGER NOT NULL CHECK (sequence > 0),
      -- Either a stored envelope or an item of its own.
      message INTEGER REFERENCES messages (id),
      item BLOB,
      PRIMARY KEY (device, sequence),
      CHECK ((message IS NULL) <> (item IS NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX inbox_by_message ON inbox (message) WHERE message IS NOT NULL;

    CREATE TABLE rooms (
      room BLOB NOT NULL PRIMARY KEY CHECK (length(room) = 16),
      hub TEXT NOT NULL,
      -- Where the room was left, the first epoch that this node is not in.
      epoch INTEGER NOT NULL CHECK (epoch >= 0),
      is_left INTEGER NOT NULL CHECK (is_left IN (0, 1)),
      -- When the store was found to come from a backup.
      restored_at INTEGER
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE room_states (
      room BLOB NOT NULL PRIMARY KEY REFERENCES rooms (room),
      public_group BLOB NOT NULL,
      group_info BLOB NOT NULL
    ) STRICT;

    CREATE TABLE room_leaves (
      room BLOB NOT NULL REFERENCES rooms (room),
      leaf INTEGER NOT NULL CHECK (leaf >= 0),
      address TEXT NOT NULL,
      device BLOB NOT NULL CHECK (length(device) = 16),
      -- The first epoch that it is in.
      since_epoch INTEGER NOT NULL CHECK (since_epoch >= 0),
      PRIMARY KEY (room, leaf),
      UNIQUE (room, device)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE room_participants (
      room BLOB NOT NULL REFERENCES rooms (room),
      handle TEXT NOT NULL,
      from_epoch INTEGER NOT NULL CHECK (from_epoch >= 0),
      -- The last epoch in which the node had a member in the room; NULL while it has.
      to_epoch INTEGER CHECK (to_epoch >= from_epoch),
      PRIMARY KEY (room, handle, from_epoch)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE room_commits (
      room BLOB NOT NULL REFERENCES rooms (room),
      -- The epoch that it ended: there is one commit for each.
      epoch INTEGER NOT NULL CHECK (epoch >= 0),
      message BLOB NOT NULL CHECK (length(message) = 16),
      digest BLOB NOT NULL CHECK (length(digest) = 32),
      -- The RoomCommit; empty once enough others came after it.
      content BLOB NOT NULL,
      PRIMARY KEY (room, epoch),
      UNIQUE (room, message)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE room_ballots (
      room BLOB NOT NULL PRIMARY KEY REFERENCES rooms (room),
      -- The term below which this node does not vote in the room's present epoch.
      promised_number INTEGER NOT NULL CHECK (promised_number >= 0),
      promised_to TEXT NOT NULL,
      -- What it voted for last, as a frame with a Proposal.
      voted BLOB,
      -- Whether it proposed that itself.
      is_proposer INTEGER NOT NULL CHECK (is_proposer IN (0, 1)),
      CHECK (is_proposer = 0 OR voted IS NOT NULL)
    ) STRICT;

    CREATE INDEX room_ballots_proposed ON room_ballots (room) WHERE is_proposer = 1;

    CREATE TABLE welcome_states (
      room BLOB NOT NULL REFERENCES rooms (room),
      epoch INTEGER NOT NULL CHECK (epoch >= 0),
      group_info BLOB NOT NULL,
      ratchet_tree BLOB NOT NULL,
      PRIMARY KEY (room, epoch)
    ) STRICT;

    CREATE TABLE welcomes (
      device BLOB NOT NULL REFERENCES devices (device) ON DELETE CASCADE,
      -- The inbox item that is the welcome.
      sequence INTEGER NOT NULL,
      room BLOB NOT NULL,
      epoch INTEGER NOT NULL,
      PRIMARY KEY (device, sequence),
      FOREIGN KEY (room, epoch) REFERENCES welcome_states (room, epoch)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX welcomes_by_room ON welcomes (room, epoch);
    """

  /// What is urgent can be pushed ahead of its turn.
  private static let version2 = """
    ALTER TABLE inbox ADD COLUMN
      -- 2 for IMMEDIATE, 3 for FLASH: pushed ahead of its turn where that is late.
      urgency INTEGER NOT NULL DEFAULT 0 CHECK (urgency IN (0, 2, 3));

    CREATE INDEX inbox_urgent ON inbox (device, urgency, sequence) WHERE urgency > 0;
    """

  /// What one peer, member or room has kept here is counted, and rooms are found by whose they are.
  private static let version3 = """
    CREATE TABLE kept_totals (
      -- 0 a peer by its handle, 1 a member of this node by their address, 2 a room by its identifier in hexadecimal.
      scope INTEGER NOT NULL CHECK (scope BETWEEN 0 AND 2),
      name TEXT NOT NULL,
      -- Messages that are remembered, those of them whose envelopes are kept, and these envelopes' bytes.
      messages INTEGER NOT NULL CHECK (messages >= 0),
      kept INTEGER NOT NULL CHECK (kept BETWEEN 0 AND messages),
      kept_bytes INTEGER NOT NULL CHECK (kept_bytes >= 0),
      PRIMARY KEY (scope, name)
    ) STRICT, WITHOUT ROWID;

    INSERT INTO kept_totals \(counted);

    CREATE INDEX rooms_by_hub ON rooms (hub) WHERE is_left = 0;
    CREATE INDEX room_leaves_by_address ON room_leaves (address, room);
    """
}
