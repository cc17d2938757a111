import type { DatabaseSync } from 'node:sqlite'

/** A row of the entries, as far as it is read. */
export interface Row {
  value: string
  expires: number | null
}

/** What a store says to SQLite, compiled once. */
export type Statements = ReturnType<typeof prepareStatements>

const alive = '(expires IS NULL OR expires > ?)'

/** @param database one that has the tables of `schema` */
export function prepareStatements (database: DatabaseSync) {
  return {
    begin: database.prepare('BEGIN'),
    beginToWrite: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    get: database.prepare(`SELECT value, expires FROM entry WHERE collection = ? AND key = ? AND ${alive}`),
    set: database.prepare(`
      INSERT INTO entry (collection, key, value, expires) VALUES (?, ?, ?, ?)
      ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value, expires = excluded.expires
      RETURNING sequence`),
    add: database.prepare(`
      INSERT INTO entry (collection, key, value, expires) VALUES (?, ?, ?, ?)
      ON CONFLICT (collection, key) DO NOTHING
      RETURNING sequence`),
    replace: database.prepare('UPDATE entry SET value = ? WHERE collection = ? AND key = ?'),
    take: database.prepare(`DELETE FROM entry WHERE collection = ? AND key = ? AND ${alive} RETURNING value`),
    delete: database.prepare('DELETE FROM entry WHERE collection = ? AND key = ?'),
    compareAndDelete: database.prepare('DELETE FROM entry WHERE collection = ? AND key = ? AND value = ?'),
    changes: database.prepare('SELECT total_changes() AS count'),
    version: database.prepare('PRAGMA data_version'),
    size: database.prepare(`
      SELECT (page_count - freelist_count) * page_size AS bytes
      FROM pragma_page_count, pragma_freelist_count, pragma_page_size`),
    deleteAll: database.prepare('DELETE FROM entry'),
    deleteExpiredKey: database.prepare('DELETE FROM entry WHERE collection = ? AND key = ? AND expires <= ?'),
    takeExpired: database.prepare('DELETE FROM entry WHERE expires <= ? AND collection = ? RETURNING value'),
    deleteExpired: database.prepare('DELETE FROM entry WHERE expires <= ?'),
    tag: database.prepare('INSERT OR IGNORE INTO tag (collection, name, entry) VALUES (?, ?, ?)'),
    untag: database.prepare('DELETE FROM tag WHERE entry = ?'),
    // With a limit that is bound, SQLite plans the query anew each time it differs.
    tagged: { ASC: database.prepare(taggedQuery('ASC')), DESC: database.prepare(taggedQuery('DESC')) },
    firstTagged: { ASC: database.prepare(taggedQuery('ASC', 'LIMIT 1')), DESC: database.prepare(taggedQuery('DESC', 'LIMIT 1')) },
    pageTagged: {
      ASC: database.prepare(taggedQuery('ASC', 'LIMIT ? OFFSET ?')),
      DESC: database.prepare(taggedQuery('DESC', 'LIMIT ? OFFSET ?'))
    },
    countTagged: database.prepare(`
      SELECT count(*) AS count FROM tag JOIN entry ON sequence = entry
      WHERE tag.collection = ? AND name = ? AND ${alive}`),
    deleteTagged: database.prepare(
      'DELETE FROM entry WHERE sequence IN (SELECT entry FROM tag WHERE collection = ? AND name = ?)'),
    prolongTagged: database.prepare(
      'UPDATE entry SET expires = ? WHERE sequence IN (SELECT entry FROM tag WHERE collection = ? AND name = ?)')
  }
}

function taggedQuery (direction: 'ASC' | 'DESC', page = '') {
  return `
    SELECT value FROM tag JOIN entry ON sequence = entry
    WHERE tag.collection = ? AND name = ? AND ${alive}
    ORDER BY tag.entry ${direction} ${page}`
}
