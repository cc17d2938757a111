import { createFetch } from '#lib/outbound/outbound.ts'

// A proof is answered when all of it was played, which takes its time on a busy machine.
const fetch = createFetch({ timeouts: { headers: 5 * 60_000 } })

/** A lesson, as the console lists it. */
export interface ListedLesson {
  number: number
  title: string
  mends: string[]
  mendedByAll: boolean
  badMends: string[]
  choices: string[]
  /** whether there is something to break */
  attacks: boolean
}

interface Outcome {
  ok: boolean
  says: string
}

interface Proof {
  proven: boolean
  honest: Outcome
  attack: Outcome
  variants: (Outcome & { fails: string })[]
  others: (Outcome & { lesson: number })[]
}

/** The console does not answer, or refuses. */
export class ConsoleError extends Error {
  override name = 'ConsoleError'
}

/** What the command needs of the console’s lessons. */
export class ConsoleClient {
  readonly #url: string

  /** @param url of the console, without a slash at the end */
  constructor (url: string) {
    this.#url = url
  }

  list = async () => (await this.#call<{ lessons: ListedLesson[] }>('GET', '/lessons/list')).lessons
  /** Play the attack in a fresh shop. */
  attack = (lesson: number, mended: string[]) => this.#call<{ gained: boolean, says: string }>('POST', `/lessons/${lesson}/attacks`, { mended })
  prove = (lesson: number, mended: string[]) => this.#call<Proof>('POST', `/lessons/${lesson}/proofs`, { mended })
  putEditedFile = (lesson: number) => this.#call<{ file: string, source: string }>('PUT', `/lessons/${lesson}/edited-file`)

  async #call<T> (method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(this.#url + path, {
      method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    }).catch(() => { throw new ConsoleError(`No lab answers at ${this.#url}. Start one: npm start`) })
    const answer = await response.json() as T & { error_description?: string }
    if (!response.ok) throw new ConsoleError(`${path}: ${answer.error_description ?? response.status}`)
    return answer
  }
}
