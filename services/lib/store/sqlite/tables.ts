/** Of every database: a killed process loses nothing that was committed; only a machine that loses power may lose the last moments. */
export const pragmas = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA secure_delete = FAST;
  PRAGMA foreign_keys = ON;
  PRAGMA busy_timeout = 2000;
  PRAGMA cache_size = -16384;
  PRAGMA wal_autocheckpoint = 4096;
`

/** The tables of a store: entries, and the tags under which they are found. */
export const schema = `
  CREATE TABLE IF NOT EXISTS entry (
    sequence INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    expires INTEGER,
    UNIQUE (collection, key)
  );
  CREATE INDEX IF NOT EXISTS entry_expires ON entry (expires) WHERE expires IS NOT NULL;
  CREATE TABLE IF NOT EXISTS tag (
    collection TEXT NOT NULL,
    name TEXT NOT NULL,
    entry INTEGER NOT NULL REFERENCES entry ON DELETE CASCADE,
    PRIMARY KEY (collection, name, entry)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tag_entry ON tag (entry);
`
