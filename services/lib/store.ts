import { DatabaseSync } from 'node:sqlite'
import { stateErrorOf } from './state-error.ts'
import { makePrivate } from './state-folder.ts'

/** How an entry is kept. */
export interface Keeping {
  /** seconds until it is gone; without it, it stays */
  ttl?: number | undefined
  /** names under which it can be found and deleted together with others */
  tags?: string[]
}

/** Entries of one kind. Values are anything that JSON can carry. */
export interface Collection<T> {
  get (key: string): Promise<T | undefined>
  /** Write, replacing what was there and its tags. */
  set (key: string, value: T, keeping?: Keeping): Promise<void>
  /** Write only where nothing is; `false` if something was. Atomic. */
  add (key: string, value: T, keeping?: Keeping): Promise<boolean>
  /**
   * Read, change and write in one step, so that of several changes at once none is lost.
   *
   * @param keeping anew, from the changed value; without it the entry keeps its time and tags
   * @returns the changed value, or nothing where there is none to change
   */
  update (key: string, change: (value: T) => T, keeping?: (value: T) => Keeping): Promise<T | undefined>
  /** Read and delete in one step, so that of several callers one gets it. For everything single-use. */
  take (key: string): Promise<T | undefined>
  delete (key: string): Promise<void>
  /** The values that carry a tag, in the order in which they were first written, or a page of them. */
  tagged (tag: string, page?: { newestFirst?: boolean, limit?: number, offset?: number }): Promise<T[]>
  countTagged (tag: string): Promise<number>
  deleteTagged (tag: string): Promise<void>
  /** Let all entries that carry a tag live for so many seconds from now. */
  prolongTagged (tag: string, ttl: number): Promise<void>
}

/** What a service keeps over a restart, and everything single-use. */
export interface Store {
  collection<T> (name: string): Collection<T>
  /** why nothing can be kept at the moment, in words; nothing where it can */
  readonly failure: string | undefined
  /** bytes of the file that are in use */
  readonly size: number
  /** Forget everything. */
  clear (): Promise<void>
  /** Write what is still to be written, then let go of the file. */
  close (): void
}

interface Row { value: string }

interface Write {
  run: () => void
  settle: () => void
  fail: (reason: unknown) => void
}

/**
 * Open the store, making it where there is none.
 *
 * @param file path of an SQLite file, or `:memory:`
 * @throws {StateError} where the file is damaged, locked, or cannot be written
 */
export function openStore (file: string): Store {
  // What SQLite puts beside it is for the same eyes.
  if (file !== ':memory:') makePrivate(file)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file)
    return storeIn(database, file)
  } catch (error) {
    database?.close()
    throw stateErrorOf(file, error) ?? error
  }
}

function storeIn (database: DatabaseSync, file: string): Store {
  // A killed process loses nothing that was committed; only a machine that loses power may lose the last moments.
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = FAST;
    PRAGMA foreign_keys = ON;
    PRAGMA busy_timeout = 2000;
    PRAGMA cache_size = -16384;
    PRAGMA wal_autocheckpoint = 4096;
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
  `)

  const alive = '(expires IS NULL OR expires > ?)'
  const statements = {
    begin: database.prepare('BEGIN'),
    beginToWrite: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    get: database.prepare(`SELECT value FROM entry WHERE collection = ? AND key = ? AND ${alive}`),
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
    changes: database.prepare('SELECT total_changes() AS count'),
    size: database.prepare(`
      SELECT (page_count - freelist_count) * page_size AS bytes
      FROM pragma_page_count, pragma_freelist_count, pragma_page_size`),
    deleteAll: database.prepare('DELETE FROM entry'),
    deleteExpiredKey: database.prepare('DELETE FROM entry WHERE collection = ? AND key = ? AND expires <= ?'),
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

  function taggedQuery (direction: 'ASC' | 'DESC', page = '') {
    return `
      SELECT value FROM tag JOIN entry ON sequence = entry
      WHERE tag.collection = ? AND name = ? AND ${alive}
      ORDER BY tag.entry ${direction} ${page}`
  }

  let failure: string | undefined
  const countChanges = () => (statements.changes.get() as { count: number }).count

  function inTransaction (write: () => void) {
    // What changes nothing does not show that something can be kept again.
    const before = failure === undefined ? 0 : countChanges()
    try {
      statements.beginToWrite.run()
      write()
      statements.commit.run()
    } catch (error) {
      // On a full disk SQLite has rolled back itself.
      if (database.isTransaction) database.exec('ROLLBACK')
      const inWords = stateErrorOf(file, error)
      if (inWords && !isBusy(error)) failure = inWords.message
      throw inWords ?? error
    }
    if (failure !== undefined && countChanges() > before) failure = undefined
  }

  let waiting: Write[] = []

  // A commit costs many times what a statement does. So what is to be written at the same moment, for whomever, goes into
  // one transaction, and each writer hears only when that is committed.
  function commitTogether () {
    const writes = waiting
    waiting = []
    if (writes.length === 0) return
    try {
      inTransaction(() => { for (const write of writes) write.run() })
    } catch (error) {
      // Another process holds the file. To wait for it again for each write would hold up everybody, so many times.
      if (isBusy((error as Error).cause)) {
        for (const { fail } of writes) fail(error)
        return
      }
      // One write has failed, and the others have nothing to do with it.
      for (const write of writes) commitAlone(write)
      return
    }
    for (const { settle } of writes) settle()
  }

  function commitAlone ({ run, settle, fail }: Write) {
    try {
      inTransaction(run)
    } catch (error) {
      return fail(error)
    }
    settle()
  }

  function write<R> (run: () => R): Promise<R> {
    return new Promise((resolve, reject) => {
      let result: R
      endThisTurnLater()
      waiting.push({ run: () => { result = run() }, settle: () => resolve(result), fail: reject })
    })
  }

  // The clock is that of whoever asks; what is written together may be written for several.
  function writeNow<R> (run: (now: number) => R): Promise<R> {
    const now = Date.now()
    return write(() => run(now))
  }

  // To open and to end a transaction costs more than to read a row, so what is read in one turn of the event loop shares
  // one. It sees what others had committed when the turn began, and keeps nobody from writing.
  let reading = false

  async function read<R> (run: () => R): Promise<R> {
    if (!reading) {
      endThisTurnLater()
      statements.begin.run()
      reading = true
    }
    return run()
  }

  let ending = false

  function endThisTurnLater () {
    if (!ending) setImmediate(endThisTurn)
    ending = true
  }

  function endReading () {
    try {
      statements.commit.run()
    } catch {
      // What was read was read. Where the file is to blame, whoever asks next hears of it.
      if (database.isTransaction) database.exec('ROLLBACK')
    }
  }

  function endThisTurn () {
    ending = false
    if (reading) endReading()
    reading = false
    commitTogether()
  }

  const expiryOf = ({ ttl }: Keeping) => ttl === undefined ? null : Date.now() + ttl * 1000

  function tryToKeep () {
    statements.set.get('trial', '', '', null)
    statements.delete.run('trial', '')
  }

  const sweep = setInterval(() => {
    write(() => {
      statements.deleteExpired.run(Date.now())
      if (failure !== undefined) tryToKeep()
    }).catch(() => { /* the next sweep finds it too */ })
  }, 30_000)
  sweep.unref()

  return {
    collection<T> (name: string): Collection<T> {
      const parse = (row: unknown) => row === undefined ? undefined : JSON.parse((row as Row).value) as T
      const put = (key: string, json: string, expires: number | null, tags: string[] = []) => {
        const { sequence } = statements.set.get(name, key, json, expires) as unknown as { sequence: number }
        statements.untag.run(sequence)
        for (const tag of tags) statements.tag.run(name, tag, sequence)
      }

      return {
        get: key => read(() => parse(statements.get.get(name, key, Date.now()))),
        set: (key, value, keeping = {}) => {
          const json = JSON.stringify(value)
          const expires = expiryOf(keeping)
          return write(() => put(key, json, expires, keeping.tags))
        },
        update: (key, change, keeping) => writeNow(now => {
          const value = parse(statements.get.get(name, key, now))
          if (value === undefined) return undefined
          const changed = change(value)
          const json = JSON.stringify(changed)
          const kept = keeping?.(changed)
          if (kept) put(key, json, expiryOf(kept), kept.tags)
          else statements.replace.run(json, name, key)
          return changed
        }),
        add: (key, value, keeping = {}) => {
          const json = JSON.stringify(value)
          const expires = expiryOf(keeping)
          return writeNow(now => {
            statements.deleteExpiredKey.run(name, key, now)
            const row = statements.add.get(name, key, json, expires) as { sequence: number } | undefined
            if (!row) return false
            for (const tag of keeping.tags ?? []) statements.tag.run(name, tag, row.sequence)
            return true
          })
        },
        take: key => writeNow(now => parse(statements.take.get(name, key, now))),
        delete: key => write(() => { statements.delete.run(name, key) }),
        tagged: (tag, { newestFirst = false, limit = -1, offset = 0 } = {}) => read(() => {
          const direction = newestFirst ? 'DESC' : 'ASC'
          const wanted = [name, tag, Date.now()] as const
          const rows = offset !== 0 || (limit !== -1 && limit !== 1)
            ? statements.pageTagged[direction].all(...wanted, limit, offset)
            : statements[limit === 1 ? 'firstTagged' : 'tagged'][direction].all(...wanted)
          return rows.map(row => JSON.parse((row as unknown as Row).value) as T)
        }),
        countTagged: tag => read(() => (statements.countTagged.get(name, tag, Date.now()) as { count: number }).count),
        deleteTagged: tag => write(() => { statements.deleteTagged.run(name, tag) }),
        prolongTagged: (tag, ttl) => {
          const expires = expiryOf({ ttl })
          return write(() => { statements.prolongTagged.run(expires, name, tag) })
        }
      }
    },
    get failure () {
      return failure
    },
    get size () {
      return (statements.size.get() as { bytes: number }).bytes
    },
    clear: () => write(() => { statements.deleteAll.run() }),
    close () {
      clearInterval(sweep)
      endThisTurn()
      database.close()
    }
  }
}

const isBusy = (error: unknown) => (error as { errcode?: number } | undefined)?.errcode === 5
