const firstDelay = 100
// Whoever comes up together with this process has not long to wait, and one that is down is not asked all the time.
const growth = 1.3
const longestDelay = 5_000

/**
 * Something that another service has to tell before work can begin, such as its metadata. It waits for nobody: it is
 * looked for in the background until it is found, and at once when somebody needs it.
 */
export class Discovery<T> {
  readonly #find: () => Promise<T>
  #found: T | undefined
  #finding: Promise<T> | undefined
  #failure: string | undefined = 'discovery has not been tried yet'
  #timer: NodeJS.Timeout | undefined

  /** @param find asks once */
  constructor (find: () => Promise<T>) {
    this.#find = find
  }

  /** What was found last. */
  get found (): T | undefined {
    return this.#found
  }

  /** Why there is nothing yet. */
  get failure (): string | undefined {
    return this.#found === undefined ? this.#failure : undefined
  }

  /**
   * Look for it until it is found, with growing pauses. It can be done again: until there is an answer, what was found
   * before stays in use.
   */
  start (delay = firstDelay): void {
    clearTimeout(this.#timer)
    this.#findOnce().catch(() => {
      this.#timer = setTimeout(() => this.start(Math.min(delay * growth, longestDelay)), delay)
      this.#timer.unref()
    })
  }

  stop (): void {
    clearTimeout(this.#timer)
  }

  /** What was found, or what is found now. */
  async get (): Promise<T> {
    if (this.#found !== undefined) return this.#found
    // Who comes while it is looked for asks again should that be in vain: it was begun before there was reason to hope.
    return this.#finding ? this.#finding.catch(() => this.#findOnce()) : this.#findOnce()
  }

  #findOnce (): Promise<T> {
    this.#finding ??= this.#find().then(found => {
      this.#found = found
      return found
    }, (error: Error) => {
      this.#failure = error.message
      throw error
    }).finally(() => { this.#finding = undefined })
    return this.#finding
  }
}
