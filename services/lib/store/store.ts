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
   * @param change called anew where somebody else was faster, so it must do nothing but return the changed value
   * @param keeping anew, from the changed value; without it the entry keeps its time and tags
   * @returns the changed value, or nothing where there is none to change
   */
  update (key: string, change: (value: T) => T, keeping?: (value: T) => Keeping): Promise<T | undefined>
  /** Read and delete in one step, so that of several callers one gets it. For everything single-use. */
  take (key: string): Promise<T | undefined>
  delete (key: string): Promise<void>
  /** Delete only where this is the value: what somebody else has written meanwhile stays. Atomic. */
  compareAndDelete (key: string, value: T): Promise<void>
  /** The values that carry a tag, in the order in which they were first written, or a page of them. */
  tagged (tag: string, page?: { newestFirst?: boolean, limit?: number, offset?: number }): Promise<T[]>
  countTagged (tag: string): Promise<number>
  deleteTagged (tag: string): Promise<void>
  /** Let all entries that carry a tag live for so many seconds from now. */
  prolongTagged (tag: string, ttl: number): Promise<void>
}

/** What is different about a collection. */
export interface CollectionOptions<T> {
  /**
   * how many of the values that were read last stay in memory, for those that are read again and again; `get` gives them out
   * frozen. A shared store is asked each time
   */
  maxCached?: number
  /**
   * told the value of an entry whose time is over, when it is swept away: within half a minute, or after the next start. Of several
   * processes one is told
   */
  onExpired?: (value: T) => void
}

/** What is made at the first start and stays what it is: keys, above all. It outlives `Store.clear`. */
export interface Secrets {
  /**
   * Read a secret, or make it now. Of several who make it at once, the first wins, and all get what that one has made.
   *
   * @param name a part of a file's name
   * @param make what a new one is, anything that JSON can carry
   * @param isWhole whether what is kept is such a thing
   * @throws {StateError} where what is kept is damaged, or cannot be read or written
   */
  keep<T> (name: string, make: () => T | Promise<T>, isWhole?: (kept: T) => boolean): Promise<T>
  /**
   * Read, change and write in one step what `keep` has kept, so that of several changes at once none is lost.
   *
   * @param change called anew where somebody else was faster, so it must do nothing but return the changed value
   * @returns the changed value
   * @throws {StateError} where it cannot be written, or is there no more
   */
  change<T> (name: string, change: (kept: T) => T): Promise<T>
}

/** Publish and subscribe: what the processes on a store tell each other, which nobody keeps. A process hears itself too. */
export interface Signals {
  /** @param message anything that JSON can carry */
  publish (channel: string, message: unknown): Promise<void>
  /**
   * @param listen told each message, later than it was published and in the order of publishing, in the async context (the clock) of
   *   whoever subscribes
   * @param options.onResubscribed called where the connection was lost and is there again: messages may have been missed, so what
   *   depends on them is to be read anew
   * @returns ends it. By then every message that is published from now on will be heard
   * @throws {StateError} where the store cannot be reached
   */
  subscribe<T> (channel: string, listen: (message: T) => void, options?: { onResubscribed?: () => void }): Promise<() => void>
}

/** A bounded log that all processes on a store append to. Its numbers go on after `Store.clear`. */
export interface SharedLog<T> {
  /** @returns the number of the entry: one more than that of the entry before, whoever has appended it */
  append (entry: T): Promise<number>
  /** The entries above a number that are still there, the oldest first; at most so many where `limit` is given. */
  read (since: number, limit?: number): Promise<{ number: number, entry: T }[]>
}

/**
 * Fixed window counter, for rate limits: how often something was done in a time that begins with the first. Windows go by the time of
 * the system, so that a clock of the lab that is moved shuts nobody out.
 */
export interface WindowCounter {
  /**
   * Count one more for a key.
   *
   * @returns how many there have been in its window, this one included, and in how many milliseconds that ends
   * @throws {StateError} where the store cannot be reached, or written
   */
  count (key: string): Promise<{ count: number, msLeft: number }>
}

/** What a service keeps over a restart, and everything single-use. */
export interface Store {
  /**
   * whether other processes may have the same store, so that what is in memory may be stale; where it is not, there is no need to look
   * at `readRevision`
   */
  readonly isShared: boolean
  collection<T> (name: string, options?: CollectionOptions<T>): Collection<T>
  readonly secrets: Secrets
  readonly signals: Signals
  /** A log for all processes on the store, of at least the last `maxEntries`; nothing where the store is not shared. */
  sharedLog<T> (name: string, options: { maxEntries: number }): SharedLog<T> | undefined
  /**
   * A counter for all processes on the store.
   *
   * @param name whoever opens a counter by the same name has the same one
   * @param seconds how long a window is, whole seconds
   */
  windowCounter (name: string, seconds: number): WindowCounter
  /**
   * A number that `revise` has raised, whichever process has called it: where it is another one, what a process has read before may be
   * stale. It outlives `clear`.
   */
  readRevision (): Promise<number>
  /**
   * Say that something has changed that others have in memory; to be called after it was written.
   *
   * @returns the revision, one more than before
   */
  revise (): Promise<number>
  /** why nothing can be kept at the moment, in words; nothing where it can */
  readonly failure: string | undefined
  /** bytes that are in use: of the file, or of the memory of a shared store, some seconds ago and whoever has filled it */
  readonly size: number
  /** Forget everything but secrets. */
  clear (): Promise<void>
  /** Forget everything, secrets and the state folder included, and let go of it. */
  remove (): Promise<void>
  /** Write what is still to be written, then let go of it. */
  close (): Promise<void>
}
