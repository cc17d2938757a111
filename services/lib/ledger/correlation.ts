import { hash, randomUUID } from 'node:crypto'

/** What belongs to one authorization request, from the request to the last use of a token. */
export interface Flow {
  readonly id: string
  client_id?: string
  username?: string
  session?: string
  /** the `sid` that the client knows the session by */
  sid?: string
  state?: string
}

/** The flow of an HTTP exchange, and the keys that it holds. */
export interface Joined { flow: Flow | undefined, keys: string[] }

/** What tells to which flow an HTTP exchange belongs. */
export interface Correlation {
  /** an authorization request: where no key leads to a flow, one begins */
  begins?: boolean
  /** what the HTTP exchange came with that only one flow has, best first: codes, tokens, identifiers of interactions */
  by?: (string | undefined)[]
  /** values of that kind that the HTTP exchange brought about */
  yields?: (string | undefined)[]
  /** what is known of the flow from now on */
  learns?: Omit<Flow, 'id'>
  /** what a flow that begins here is called; replicas have to agree on it */
  named?: string
}

/** Which flow a code or a token belongs to. They are secrets, so only their hashes are kept, each as long as its holder is. */
export class Flows {
  readonly #held = new Map<string, { flow: Flow, holder: object }>()

  /** How many keys are held. */
  get size (): number {
    return this.#held.size
  }

  /**
   * Find the flow of an HTTP exchange, or begin one.
   *
   * Where an HTTP exchange yields something and its own flow has been forgotten, another begins, so that at least what follows
   * stays together.
   *
   * @param holder holds the keys, and the latest one does, until it lets go of them
   */
  join (holder: object, { begins = false, by = [], yields = [], learns = {}, named = randomUUID() }: Correlation): Joined {
    const brought = keysOf(by)
    const yielded = keysOf(yields)
    const found = brought.map(key => this.#held.get(key)).find(held => held !== undefined)
    const flow = found?.flow ?? (begins || yielded.length > 0 ? { id: named } : undefined)
    if (!flow) return { flow, keys: [] }

    Object.assign(flow, Object.fromEntries(Object.entries(learns).filter(([, value]) => value !== undefined)))
    // What leads to another flow goes on to do so.
    const keys = [...yielded, ...brought.filter(key => (this.#held.get(key)?.flow ?? flow) === flow)]
    for (const key of keys) this.#held.set(key, { flow, holder })
    return { flow, keys }
  }

  /** Forget the keys that nobody has held since. */
  release (holder: object, keys: string[]): void {
    for (const key of keys) {
      if (this.#held.get(key)?.holder === holder) this.#held.delete(key)
    }
  }
}

const keysOf = (values: (string | undefined)[]) =>
  values.filter(value => value !== undefined && value !== '').map(value => hash('sha256', value!, 'base64url'))
