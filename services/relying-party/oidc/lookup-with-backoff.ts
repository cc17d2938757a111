// Exponential backoff: whoever comes up together with this process has not long to wait, and one that is down is not asked all
// the time.
const firstDelayMs = 100
const growthFactor = 1.3
const maxDelayMs = 5_000

/**
 * A lookup with backoff of what another service has to tell before work can begin, such as its metadata. Nothing waits for it:
 * it goes on in the background until there is an answer, and asks at once when somebody needs one (single flight).
 */
export class LookupWithBackoff<T> {
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
  start (delayMs = firstDelayMs): void {
    clearTimeout(this.#timer)
    this.#findOnce().catch(() => {
      this.#timer = setTimeout(() => this.start(Math.min(delayMs * growthFactor, maxDelayMs)), delayMs)
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
