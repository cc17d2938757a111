import type { LedgerEntry } from '#lib/ledger/ledger-entry.ts'
import type { LedgerFilter } from '#lib/ledger/ledger-filter.ts'
import { fetch as outboundFetch } from '#lib/outbound/outbound.ts'
import type { Static } from '#lib/validation/schema.ts'
import type { User } from '../accounts/users.ts'
import type { RegisteredClient } from '../clients/registered-clients.ts'
import type { Rule, RuleName } from '../clients/rules.ts'
import type { ActiveFault, Switch } from '../faults/active-faults.ts'
import type { SigningAlgorithm, SigningKey } from '../state/issuer-keys.ts'
import type { realmSettings } from '../state/realm-settings.ts'
import type { ClientFields } from './client-routes.ts'
import type { FaultInCatalogue } from './fault-routes.ts'
import type { UserFields } from './user-routes.ts'

type RealmSettings = Static<typeof realmSettings>
/** `jwk` is the public half. */
type PublicKey = SigningKey

/** What `fetch` has to be able to do for the client. */
export type Fetch = (
  url: string,
  options: { method: string, headers: Record<string, string>, body?: string, signal?: AbortSignal }
) =>
Promise<{ status: number, text (): Promise<string> }>

/** A call that was refused. */
export class ControlApiError extends Error {
  override name = 'ControlApiError'
  readonly status: number
  /** what was answered */
  readonly body: { error?: string, error_description?: string, nearest?: { entry: LedgerEntry, differs: string[] }[] }

  constructor (call: string, status: number, body: ControlApiError['body']) {
    super(`${call} was answered ${status}: ${body.error_description ?? body.error ?? 'no reason was given'}`)
    this.status = status
    this.body = body
  }
}

/** What the clock says; `services` has what came of telling the other services of the lab. */
export interface ClockState { offsetSeconds: number, now: string, services?: Record<string, string> }

/** A fault that is on; `cannotShowYet` says why it will not show for now, where that is seen from the provider. */
export interface FaultSwitchedOn extends ActiveFault { cannotShowYet?: string }

/** The cookies of a browser, in the shape that Playwright's `storageState` takes. */
export interface StorageState {
  cookies: {
    name: string,
    value: string,
    domain: string,
    path: string,
    expires: number,
    httpOnly: boolean,
    secure: boolean,
    sameSite: 'Lax' | 'None' | 'Strict'
  }[]
  origins: never[]
}

/** By what HTTP exchanges are chosen; all that are given must match. */
export interface LedgerQuery extends LedgerFilter {
  /** `last` of a former answer */
  since?: number
  limit?: number
  order?: 'asc' | 'desc'
  /** do not shorten codes, tokens and the like */
  secrets?: 'show'
}

/** HTTP exchanges that match, how many there are, and the `since` that asks for what comes next. */
export interface LedgerPage { entries: LedgerEntry[], count: number, last: number, forgotten: number }

/** How a realm begins, with the lab's own users and clients where left out. Fields are those of `put`, and of the settings. */
export interface RealmSeed extends Partial<RealmSettings> {
  users?: (UserFields & { username: string })[]
  clients?: (ClientFields & { client_id: string })[]
}

/**
 * A client of the identity provider's control API, which the page `/lab` describes. Every method throws a `ControlApiError` when the
 * call is refused.
 *
 * @param issuer URL of an issuer, that at the root or a realm's
 * @param options.fetch where requests go out; by default a `fetch` that finds `*.localhost`
 */
export const createControlApiClient = (issuer: string, options: { fetch?: Fetch } = {}): ControlApiClient => new ControlApiClient(issuer, options)

/** A client of the control API. */
export class ControlApiClient {
  readonly issuer: string
  readonly #fetch: Fetch

  constructor (issuer: string, { fetch = outboundFetch as Fetch }: { fetch?: Fetch }) {
    this.issuer = issuer
    this.#fetch = fetch
  }

  async #call<T> (method: string, path: string, body?: unknown): Promise<T> {
    const url = `${this.issuer.replace(/\/+$/, '')}/lab${path}`
    const response = await this.#fetch(url, {
      method,
      headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    const text = await response.text()
    if (response.status >= 400) throw new ControlApiError(`${method} ${url}`, response.status, errorOf(text))
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  /** Put everything back, as after the first start; at the root in the other services of the lab, too. */
  readonly reset = () => this.#call<{ done: string, services?: Record<string, string> }>('DELETE', '')

  readonly users = {
    list: async () => (await this.#call<{ users: User[] }>('GET', '/users')).users,
    get: (username: string) => this.#call<User>('GET', `/users/${named(username)}`),
    /** Add a user, or replace one; with nothing said, somebody with the password `<user name>-lab`. */
    put: (username: string, fields: UserFields = {}) => this.#call<User>('PUT', `/users/${named(username)}`, fields),
    /** Merge changes; a claim that is `null` is taken away. */
    patch: (username: string, fields: UserFields) => this.#call<User>('PATCH', `/users/${named(username)}`, fields),
    remove: (username: string) => this.#call<void>('DELETE', `/users/${named(username)}`),
    disable: (username: string) => this.#call<User>('PUT', `/users/${named(username)}/disable`),
    enable: (username: string) => this.#call<User>('PUT', `/users/${named(username)}/enable`),
    reset: () => this.#call<void>('DELETE', '/users')
  }

  readonly sessions = {
    /** The cookies of a browser in which this user has just signed in. */
    signIn: (username: string, options: { acr?: string, amr?: string[], secondsAgo?: number } = {}) =>
      this.#call<StorageState>('POST', '/sessions', { username, ...options }),
    /** Sign a user out of all browsers, as if the sessions had expired. */
    end: (username: string) => this.#call<void>('DELETE', `/sessions?username=${named(username)}`)
  }

  readonly clients = {
    list: async () => (await this.#call<{ clients: RegisteredClient[] }>('GET', '/clients')).clients,
    get: (clientId: string) => this.#call<RegisteredClient>('GET', `/clients/${named(clientId)}`),
    put: (clientId: string, fields: ClientFields) => this.#call<RegisteredClient>('PUT', `/clients/${named(clientId)}`, fields),
    patch: (clientId: string, fields: ClientFields) => this.#call<RegisteredClient>('PATCH', `/clients/${named(clientId)}`, fields),
    remove: (clientId: string) => this.#call<void>('DELETE', `/clients/${named(clientId)}`),
    reset: () => this.#call<void>('DELETE', '/clients')
  }

  /** The clients that are let off rules, and for each rule what they may do that others are refused, and which of them. */
  readonly permissive = () => this.#call<{
    clients: string[],
    rules: (Rule & { name: RuleName, clients: string[] })[]
  }>('GET', '/permissive')

  readonly faults = {
    /** All faults there are, with what a correct relying party must do. */
    catalogue: async () => (await this.#call<{ faults: FaultInCatalogue[] }>('GET', '/faults')).faults,
    active: async () => (await this.#call<{ active: FaultSwitchedOn[] }>('GET', '/faults/active')).active,
    switchOn: (fault: string, options: Omit<Switch, 'fault'> = {}) =>
      this.#call<FaultSwitchedOn>('PUT', `/faults/${named(fault)}`, options),
    switchOff: (fault: string, scope: Pick<Switch, 'client_id' | 'username'> = {}) =>
      this.#call<void>('DELETE', `/faults/${named(fault)}${query(scope)}`),
    reset: () => this.#call<void>('DELETE', '/faults')
  }

  readonly clock = {
    get: () => this.#call<ClockState>('GET', '/clock'),
    /** @param offsetSeconds from the time of the system */
    set: (offsetSeconds: number) => this.#call<ClockState>('PUT', '/clock', { offsetSeconds }),
    advance: (seconds: number) => this.#call<ClockState>('POST', '/clock/advance', { seconds }),
    reset: () => this.#call<ClockState>('DELETE', '/clock')
  }

  readonly keys = {
    list: async () => (await this.#call<{ keys: PublicKey[] }>('GET', '/keys')).keys,
    rotate: (alg: SigningAlgorithm = 'RS256') => this.#call<PublicKey>('POST', '/keys/rotate', { alg }),
    publishNext: (alg: SigningAlgorithm = 'RS256') => this.#call<PublicKey>('PUT', '/keys/next', { alg }),
    publish: (kid: string) => this.#call<PublicKey>('PATCH', `/keys/${named(kid)}`, { published: true }),
    unpublish: (kid: string) => this.#call<PublicKey>('PATCH', `/keys/${named(kid)}`, { published: false }),
    retire: (kid: string) => this.#call<void>('DELETE', `/keys/${named(kid)}`),
    reset: () => this.#call<void>('DELETE', '/keys')
  }

  readonly ledger = {
    query: (filter: LedgerQuery = {}) => this.#call<LedgerPage>('GET', `/ledger${query(filter)}`),
    /**
     * Wait until at least `count` HTTP exchanges match.
     *
     * To see that there were no more of them, look at `count` of the answer.
     *
     * @param options.count 1 where left out
     * @param options.timeout in seconds, 5 where left out
     * @throws {ControlApiError} 408 when there were too few of them in time
     */
    wait: (filter: LedgerQuery, options: { count?: number, timeout?: number } = {}) =>
      this.#call<LedgerPage>('GET', `/ledger/wait${query({ ...filter, ...options })}`),
    clear: () => this.#call<void>('DELETE', '/ledger')
  }

  readonly settings = {
    get: () => this.#call<RealmSettings>('GET', '/settings'),
    patch: (settings: Partial<RealmSettings>) => this.#call<RealmSettings>('PATCH', '/settings', settings),
    reset: () => this.#call<void>('DELETE', '/settings')
  }

  readonly realms = {
    list: async () => (await this.#call<{ realms: { name: string, issuer: string }[] }>('GET', '/realms')).realms,
    get: (name: string) => this.#call<{ name: string, issuer: string }>('GET', `/realms/${named(name)}`),
    /** Make an issuer of its own, or find the one that is there; at the root alone. `createControlApiClient` with its `issuer` is a client for it. */
    put: (name: string, seed: RealmSeed = {}) => this.#call<{ name: string, issuer: string }>('PUT', `/realms/${named(name)}`, seed),
    remove: (name: string) => this.#call<void>('DELETE', `/realms/${named(name)}`)
  }
}

const named = encodeURIComponent

function query (parameters: object): string {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, string] => [name, String(value)])
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

function errorOf (text: string): ControlApiError['body'] {
  try {
    return JSON.parse(text) as ControlApiError['body']
  } catch {
    return { error_description: text.slice(0, 200) }
  }
}
