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

CREATE INDEX bundle_questions_by_age ON bundle_questions (asked_at);

CREATE UNIQUE INDEX bundle_questions_by_sequence ON bundle_questions (peer, sequence);

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

CREATE TABLE com_checks (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  -- The first 16 bytes of the statement's SHA-256, here and below.
  identifier BLOB NOT NULL UNIQUE CHECK (length(identifier) = 16),
  -- As signed by this node.
  statement BLOB NOT NULL,
  answer_by INTEGER NOT NULL
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

CREATE TABLE devices (
  device BLOB NOT NULL PRIMARY KEY CHECK (length(device) = 16),
  address TEXT NOT NULL REFERENCES members (address),
  link_key BLOB NOT NULL UNIQUE CHECK (length(link_key) = 32),
  signature_key BLOB NOT NULL UNIQUE CHECK (length(signature_key) = 32),
  enrolled_at INTEGER NOT NULL,
  -- The sequence of the last inbox item ever put in, and how many are in it now.
  inbox_end INTEGER NOT NULL DEFAULT 0 CHECK (inbox_end >= 0),
  inbox_count INTEGER NOT NULL DEFAULT 0 CHECK (inbox_count >= 0)
, authorisation BLOB) STRICT, WITHOUT ROWID;

CREATE INDEX devices_by_address ON devices (address, enrolled_at);

CREATE TABLE directories (
  handle TEXT NOT NULL PRIMARY KEY,
  root_key BLOB NOT NULL CHECK (length(root_key) = 32),
  -- A signed DirectoryHead, which was verified when it came; NULL before the first.
  head BLOB,
  fault TEXT,
  fault_at INTEGER,
  CHECK ((fault IS NULL) = (fault_at IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_copies (
  peer TEXT NOT NULL PRIMARY KEY,
  version BLOB NOT NULL CHECK (length(version) IN (0, 32)),
  since INTEGER NOT NULL CHECK (since >= 0),
  round INTEGER NOT NULL CHECK (round >= 0),
  is_whole INTEGER NOT NULL CHECK (is_whole IN (0, 1)),
  -- How many came in this round.
  people INTEGER NOT NULL CHECK (people >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_evidence (
  digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
  handle TEXT NOT NULL,
  found_at INTEGER NOT NULL,
  evidence BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX directory_evidence_by_handle ON directory_evidence (handle, found_at);

CREATE TABLE directory_identifier (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  identifier BLOB NOT NULL CHECK (length(identifier) = 16)
) STRICT;

CREATE TABLE directory_log (
  -- From 0, without gaps.
  position INTEGER PRIMARY KEY CHECK (position >= 0),
  address TEXT NOT NULL,
  record BLOB NOT NULL CHECK (length(record) = 64),
  entry BLOB NOT NULL
) STRICT;

CREATE INDEX directory_log_by_address ON directory_log (address, position);

CREATE TABLE directory_log_beginning (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  began_at INTEGER NOT NULL
) STRICT;

CREATE TABLE envelopes (
  message INTEGER PRIMARY KEY REFERENCES messages (id),
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE held (
  message INTEGER PRIMARY KEY REFERENCES messages (id),
  peer TEXT NOT NULL,
  room BLOB NOT NULL CHECK (length(room) = 16),
  -- The epoch that the room must have reached.
  epoch INTEGER NOT NULL CHECK (epoch >= 0),
  bytes INTEGER NOT NULL CHECK (bytes >= 0),
  held_since INTEGER NOT NULL
) STRICT;

CREATE INDEX held_by_age ON held (held_since);

CREATE INDEX held_by_room ON held (room, epoch);

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

CREATE TABLE inbox (
  device BLOB NOT NULL REFERENCES devices (device),
  sequence INTEGER NOT NULL CHECK (sequence > 0),
  -- Either a stored envelope or an item of its own.
  message INTEGER REFERENCES messages (id),
  item BLOB, urgency INTEGER NOT NULL DEFAULT 0 CHECK (urgency IN (0, 2, 3)),
  PRIMARY KEY (device, sequence),
  CHECK ((message IS NULL) <> (item IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX inbox_by_message ON inbox (message) WHERE message IS NOT NULL;

CREATE INDEX inbox_urgent ON inbox (device, urgency, sequence) WHERE urgency > 0;

CREATE TABLE invitations (
  secret_hash BLOB NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
  address TEXT NOT NULL REFERENCES members (address),
  expires_at INTEGER NOT NULL,
  -- The device that used it, which may have been removed since.
  used_by BLOB CHECK (length(used_by) = 16)
) STRICT, WITHOUT ROWID;

CREATE INDEX invitations_by_address ON invitations (address);

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

CREATE TABLE key_packages (
  reference BLOB NOT NULL PRIMARY KEY,
  device BLOB NOT NULL REFERENCES devices (device) ON DELETE CASCADE,
  is_last_resort INTEGER NOT NULL CHECK (is_last_resort IN (0, 1)),
  expires_at INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE INDEX key_packages_by_device ON key_packages (device, is_last_resort, expires_at);

CREATE INDEX key_packages_by_expiry ON key_packages (expires_at);

CREATE UNIQUE INDEX key_packages_of_last_resort ON key_packages (device) WHERE is_last_resort = 1;

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

CREATE TABLE peer_totals (
  peer TEXT NOT NULL PRIMARY KEY,
  last_sequence INTEGER NOT NULL DEFAULT 0,
  queued INTEGER NOT NULL DEFAULT 0 CHECK (queued >= 0),
  queued_bytes INTEGER NOT NULL DEFAULT 0 CHECK (queued_bytes >= 0),
  held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
  held_bytes INTEGER NOT NULL DEFAULT 0 CHECK (held_bytes >= 0)
) STRICT, WITHOUT ROWID;

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

CREATE VIRTUAL TABLE people_text USING fts5 (
  text, marks, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3 4 5 6 7 8 9 10 11 12'
);

CREATE TABLE 'people_text_config'(k PRIMARY KEY, v) WITHOUT ROWID;

CREATE TABLE 'people_text_content'(id INTEGER PRIMARY KEY, c0, c1);

CREATE TABLE 'people_text_data'(id INTEGER PRIMARY KEY, block BLOB);

CREATE TABLE 'people_text_docsize'(id INTEGER PRIMARY KEY, sz BLOB);

CREATE TABLE 'people_text_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;

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

CREATE INDEX room_leaves_by_address ON room_leaves (address, room);

CREATE TABLE room_participants (
  room BLOB NOT NULL REFERENCES rooms (room),
  handle TEXT NOT NULL,
  from_epoch INTEGER NOT NULL CHECK (from_epoch >= 0),
  -- The last epoch in which the node had a member in the room; NULL while it has.
  to_epoch INTEGER CHECK (to_epoch >= from_epoch),
  PRIMARY KEY (room, handle, from_epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE room_states (
  room BLOB NOT NULL PRIMARY KEY REFERENCES rooms (room),
  public_group BLOB NOT NULL,
  group_info BLOB NOT NULL
) STRICT;

CREATE TABLE rooms (
  room BLOB NOT NULL PRIMARY KEY CHECK (length(room) = 16),
  hub TEXT NOT NULL,
  -- Where the room was left, the first epoch that this node is not in.
  epoch INTEGER NOT NULL CHECK (epoch >= 0),
  is_left INTEGER NOT NULL CHECK (is_left IN (0, 1)),
  -- When the store was found to come from a backup.
  restored_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX rooms_by_hub ON rooms (hub) WHERE is_left = 0;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE trust_log (
  sequence INTEGER PRIMARY KEY CHECK (sequence >= 0),
  entry BLOB NOT NULL
) STRICT;

CREATE TABLE trust_log_head (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  head BLOB NOT NULL
) STRICT;

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

CREATE INDEX vouches_by_end ON vouches (expires_at);

CREATE INDEX vouches_by_subject ON vouches (subject) WHERE subject IS NOT NULL;

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
