extension Schema {
  /// The directory log, what is known of other countries' and what devices brought when they were enrolled. Cards that
  /// were issued before are entered when the node starts.
  static let directory = """
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

    CREATE TABLE directories (
      handle TEXT NOT NULL PRIMARY KEY,
      root_key BLOB NOT NULL CHECK (length(root_key) = 32),
      -- A signed DirectoryHead, which was verified when it came; NULL before the first.
      head BLOB,
      fault TEXT,
      fault_at INTEGER,
      CHECK ((fault IS NULL) = (fault_at IS NULL))
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE directory_evidence (
      digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
      handle TEXT NOT NULL,
      found_at INTEGER NOT NULL,
      evidence BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX directory_evidence_by_handle ON directory_evidence (handle, found_at);

    ALTER TABLE devices ADD COLUMN
      -- A DeviceAuthorisation, as the device brought it.
      authorisation BLOB;
    """
}
