import { setTimeout } from 'node:timers/promises'

/** Something that was said in a conversation. */
export interface Said {
  id: string
  from: string
  text: string
}

const pollMs = 25

/** One side of a conversation: what the other one says is heard once. */
export class Hearing {
  readonly #who: string
  readonly #listen: () => readonly Said[] | Promise<readonly Said[]>
  readonly #note: (expected: string) => Promise<string>
  readonly #heard = new Set<string>()

  /**
   * @param listen all that the other side has said so far, oldest first
   * @param note writes down what was exchanged, and says where that is
   */
  constructor (who: string, listen: () => readonly Said[] | Promise<readonly Said[]>, note: (expected: string) => Promise<string>) {
    this.#who = who
    this.#listen = listen
    this.#note = note
  }

  /**
   * Wait until something is said that was not heard before.
   *
   * @param wanted all of it, or a pattern
   * @param within seconds
   * @throws {Error} which tells what was said instead
   */
  async hear (wanted: string | RegExp, within: number): Promise<string> {
    const giveUp = performance.now() + within * 1_000
    for (;;) {
      const all = await this.#listen()
      const found = all.find(({ id, text }) => !this.#heard.has(id) && (typeof wanted === 'string' ? text === wanted : text.search(wanted) >= 0))
      if (found) {
        this.#heard.add(found.id)
        return found.text
      }
      if (performance.now() > giveUp) throw await this.#complaint(wanted, within, all)
      await setTimeout(pollMs)
    }
  }

  async #complaint (wanted: string | RegExp, within: number, all: readonly Said[]): Promise<Error> {
    const lines = all.map(({ id, from, text }) => `  ${from}: ${text}${this.#heard.has(id) ? '  (heard before)' : ''}`)
    const expected = `${this.#who} did not hear ${typeof wanted === 'string' ? JSON.stringify(wanted) : wanted}`
    const said = lines.length === 0 ? ['Nothing was said.'] : ['What was said:', ...lines]
    return new Error([`${expected} within ${within} s.`, ...said].join('\n') + await this.#note(expected))
  }
}
