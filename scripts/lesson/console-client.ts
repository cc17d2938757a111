import { fetch } from '#lib/outbound/outbound.ts'

/** A lesson, as the console lists it. */
export interface ListedLesson {
  number: number
  title: string
  mends: string[]
  mendedByAll: boolean
  choices: string[]
  /** whether there is something to break */
  attacks: boolean
}

interface Trial {
  attack: { gained: boolean, says: string }
  honest: { ok: boolean, says: string }
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
  /** Play attack and honest sign-in, each in a fresh shop. */
  try = (lesson: number, mended: string[]) => this.#call<Trial>('POST', `/lessons/${lesson}/trials`, { mended })
  prove = (lesson: number, mended: string[]) => this.#call<{ proven: boolean }>('POST', `/lessons/${lesson}/proofs`, { mended })
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
