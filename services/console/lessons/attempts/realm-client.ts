import { fetch } from '#lib/outbound/outbound.ts'
import { withoutTrailingSlash } from '#lib/settings/settings.ts'

/** A call of the provider’s control API that was refused, or that nobody answered. */
export class RealmError extends Error {
  override name = 'RealmError'
  /** of the answer; none where there was none */
  readonly status: number | undefined

  constructor (message: string, status?: number) {
    super(message)
    this.status = status
  }
}

const full = 'The lab is full: each attempt at a lesson has a realm of its own at the identity provider, and there are as many as there may be. Try again in a ' +
  'while: an attempt in which nothing happens for an hour makes room. Whoever runs the lab can start it with more of them, by MAX_REALMS.'

/** The identity provider’s realm of one attempt, or the issuer at the root, by its control API: what is called is what the page shows as curl. */
export class RealmClient {
  readonly name: string
  readonly issuer: string
  readonly #root: string

  /**
   * @param root the issuer at the root
   * @param name of the realm; '' for the issuer at the root itself
   */
  constructor (root: string, name: string) {
    this.name = name
    this.#root = withoutTrailingSlash(root)
    this.issuer = name === '' ? this.#root : `${this.#root}/realms/${name}`
  }

  /** @throws {RealmError} in words for whoever wants to begin, where there are as many as there may be */
  async make (seed: object): Promise<void> {
    await call('PUT', `${this.#root}/lab/realms/${this.name}`, seed).catch((error: unknown) => {
      throw error instanceof RealmError && error.status === 409 ? new RealmError(full, 409) : error
    })
  }

  /** Nothing is wrong where it is gone already: somebody has put the whole lab back. */
  remove = async (): Promise<void> => { await call('DELETE', `${this.#root}/lab/realms/${this.name}`, undefined, [404]) }
  changeClient = (clientId: string, changes: object): Promise<void> => call('PATCH', `${this.issuer}/lab/clients/${clientId}`, changes)
  putUser = (username: string, fields: object): Promise<void> => call('PUT', `${this.issuer}/lab/users/${username}`, fields)
  removeUser = (username: string): Promise<void> => call('DELETE', `${this.issuer}/lab/users/${username}`)
  /** @param options `client_id`, `username`, `count` */
  switchOn = (fault: string, options: object = {}): Promise<void> => call('PUT', `${this.issuer}/lab/faults/${fault}`, options)
  switchOff = (fault: string): Promise<void> => call('DELETE', `${this.issuer}/lab/faults/${fault}`)
  advance = (seconds: number): Promise<void> => call('POST', `${this.issuer}/lab/clock/advance`, { seconds })
  rotateKeys = (): Promise<void> => call('POST', `${this.issuer}/lab/keys/rotate`, { alg: 'RS256' })

  /** In seconds since 1970, as this realm’s clock has it. */
  async now (): Promise<number> {
    const { now } = await call<{ now: string }>('GET', `${this.issuer}/lab/clock`)
    return Math.floor(Date.parse(now) / 1000)
  }
}

async function call<T = void> (method: string, url: string, body?: object, expected: number[] = []): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) })
  }).catch((error: Error) => { throw new RealmError(`The identity provider does not answer at ${url}: ${error.message}`) })
  const text = await response.text()
  if (!response.ok && !expected.includes(response.status)) throw new RealmError(`${method} ${url} was answered ${response.status}: ${text}`, response.status)
  return (text === '' ? undefined : JSON.parse(text)) as T
}
