/** What a reader has not taken yet, up to a limit. Ends when it is closed, and when it is full. */
export function createFeed<T> (limit: number) {
  const waiting: T[] = []
  let over = false
  let wake = () => {}

  return {
    /** @returns `false` where the reader is too far behind, which is the end of the feed */
    push (item: T): boolean {
      if (waiting.length >= limit) over = true
      else if (!over) waiting.push(item)
      wake()
      return !over
    },

    close () {
      over = true
      wake()
    },

    async * [Symbol.asyncIterator] (): AsyncGenerator<T, void> {
      for (;;) {
        if (over) return
        const next = waiting.shift()
        if (next !== undefined) yield next
        else await new Promise<void>(resolve => { wake = resolve })
      }
    }
  }
}
