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
   * frozen
   */
  maxCached?: number
  /** told the value of an entry whose time is over, when it is swept away: within half a minute, or after the next start */
  onExpired?: (value: T) => void
}

/** What a service keeps over a restart, and everything single-use. */
export interface Store {
  collection<T> (name: string, options?: CollectionOptions<T>): Collection<T>
  /** why nothing can be kept at the moment, in words; nothing where it can */
  readonly failure: string | undefined
  /** bytes of the file that are in use */
  readonly size: number
  /** Forget everything. */
  clear (): Promise<void>
  /** Write what is still to be written, then let go of the file. */
  close (): void
}
