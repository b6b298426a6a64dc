extension ProfileSchema {
  /// What people say of themselves and of one another, and what vCards said of them.
  static let people = """
    CREATE TABLE people (
      member BLOB PRIMARY KEY NOT NULL CHECK (length(member) = 16),
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE vouches (
      vouch BLOB PRIMARY KEY NOT NULL CHECK (length(vouch) = 16),
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE imported (
      member BLOB PRIMARY KEY NOT NULL CHECK (length(member) = 16),
      value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    """
}
