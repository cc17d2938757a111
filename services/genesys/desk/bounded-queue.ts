/**
 * Bounded queue, for back-pressure: what a reader has not taken yet, up to a limit. Ends when it is closed, and when it is full.
 */
export class BoundedQueue<T> {
  readonly #capacity: number
  readonly #waiting: T[] = []
  #isOver = false
  #wake = () => {}

  constructor (capacity: number) {
    this.#capacity = capacity
  }

  /** @returns `false` where the reader is too far behind, which is the end of the queue */
  push (item: T): boolean {
    if (this.#waiting.length >= this.#capacity) this.#isOver = true
    else if (!this.#isOver) this.#waiting.push(item)
    this.#wake()
    return !this.#isOver
  }

  close (): void {
    this.#isOver = true
    this.#wake()
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<T, void> {
    for (;;) {
      if (this.#isOver) return
      const next = this.#waiting.shift()
      if (next !== undefined) yield next
      else await new Promise<void>(resolve => { this.#wake = resolve })
    }
  }
}
