import { fetch as outboundFetch } from '#lib/outbound.ts'
import type { LedgerFilter } from '#lib/ledger-filter.ts'
import type { LedgerEntry } from '#lib/ledger.ts'
import type { Static } from '#lib/schema.ts'
import type { RegisteredClient, SigningAlgorithm } from './clients.ts'
import type { ActiveFault, Switch } from './faults/faults.ts'
import type { ClientFields } from './lab/clients.ts'
import type { FaultInCatalogue } from './lab/faults.ts'
import type { UserFields } from './lab/users.ts'
import type { SigningKey } from './keys.ts'
import type { realmSettings } from './settings.ts'
import type { User } from './users.ts'

type RealmSettings = Static<typeof realmSettings>
type PublicKey = Pick<SigningKey, 'kid' | 'alg' | 'stage' | 'published'>

/** What `fetch` has to be able to do for the client. */
export type Fetch = (
  url: string,
  options: { method: string, headers: Record<string, string>, body?: string, signal?: AbortSignal }
) =>
Promise<{ status: number, text (): Promise<string> }>

/** A call that was refused. */
export class LabError extends Error {
  override name = 'LabError'
  readonly status: number
  /** what was answered */
  readonly body: { error?: string, error_description?: string, nearest?: { entry: LedgerEntry, differs: string[] }[] }

  constructor (call: string, status: number, body: LabError['body']) {
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

/** By what exchanges are chosen; all that are given must match. */
export interface LedgerQuery extends LedgerFilter {
  /** `last` of a former answer */
  since?: number
  limit?: number
  order?: 'asc' | 'desc'
  /** do not shorten codes, tokens and the like */
  secrets?: 'show'
}

/** Exchanges that match, how many there are, and the `since` that asks for what comes next. */
export interface LedgerPage { entries: LedgerEntry[], count: number, last: number, forgotten: number }

/** Who is known in a realm when nothing has been changed: the lab's own where left out. Fields are those of `put`. */
export interface RealmSeed {
  users?: (UserFields & { username: string })[]
  clients?: (ClientFields & { client_id: string })[]
}

/**
 * A client of the identity provider's control API, which the page `/lab` describes. Every method throws a `LabError` when the
 * call is refused.
 *
 * @param issuer URL of an issuer, that at the root or a realm's
 * @param options.fetch where requests go out; by default a `fetch` that finds `*.localhost`
 */
export function createLabClient (issuer: string, { fetch = outboundFetch as Fetch }: { fetch?: Fetch } = {}) {
  async function call<T> (method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${issuer}/lab${path}`, {
      method,
      headers: { accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    const text = await response.text()
    if (response.status >= 400) throw new LabError(`${method} ${issuer}/lab${path}`, response.status, errorOf(text))
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  const named = encodeURIComponent

  return {
    issuer,

    /** Put everything back, as after the first start; at the root in the other services of the lab, too. */
    reset: () => call<{ done: string, services?: Record<string, string> }>('DELETE', ''),

    users: {
      list: async () => (await call<{ users: User[] }>('GET', '/users')).users,
      get: (username: string) => call<User>('GET', `/users/${named(username)}`),
      /** Add a user, or replace one; with nothing said, somebody with the password `<user name>-lab`. */
      put: (username: string, fields: UserFields = {}) => call<User>('PUT', `/users/${named(username)}`, fields),
      /** Merge changes; a claim that is `null` is taken away. */
      patch: (username: string, fields: UserFields) => call<User>('PATCH', `/users/${named(username)}`, fields),
      remove: (username: string) => call<void>('DELETE', `/users/${named(username)}`),
      disable: (username: string) => call<User>('PUT', `/users/${named(username)}/disable`),
      enable: (username: string) => call<User>('PUT', `/users/${named(username)}/enable`),
      reset: () => call<void>('DELETE', '/users')
    },

    sessions: {
      /** The cookies of a browser in which this user has just signed in. */
      signIn: (username: string, options: { acr?: string, amr?: string[], secondsAgo?: number } = {}) =>
        call<StorageState>('POST', '/sessions', { username, ...options }),
      /** Sign a user out of all browsers, as if the sessions had expired. */
      end: (username: string) => call<void>('DELETE', `/sessions?username=${named(username)}`)
    },

    clients: {
      list: async () => (await call<{ clients: RegisteredClient[] }>('GET', '/clients')).clients,
      get: (clientId: string) => call<RegisteredClient>('GET', `/clients/${named(clientId)}`),
      put: (clientId: string, fields: ClientFields) => call<RegisteredClient>('PUT', `/clients/${named(clientId)}`, fields),
      patch: (clientId: string, fields: ClientFields) => call<RegisteredClient>('PATCH', `/clients/${named(clientId)}`, fields),
      remove: (clientId: string) => call<void>('DELETE', `/clients/${named(clientId)}`),
      reset: () => call<void>('DELETE', '/clients')
    },

    /** The clients that are permissive, and what they may do that others are refused. */
    permissive: () => call<{
      clients: string[],
      rules: { name: string, refused: string, instead: string, specification: string }[]
    }>('GET', '/permissive'),

    faults: {
      /** All faults there are, with what a correct relying party must do. */
      catalogue: async () => (await call<{ faults: FaultInCatalogue[] }>('GET', '/faults')).faults,
      active: async () => (await call<{ active: FaultSwitchedOn[] }>('GET', '/faults/active')).active,
      switchOn: (fault: string, options: Omit<Switch, 'fault'> = {}) =>
        call<FaultSwitchedOn>('PUT', `/faults/${named(fault)}`, options),
      switchOff: (fault: string, scope: Pick<Switch, 'client_id' | 'username'> = {}) =>
        call<void>('DELETE', `/faults/${named(fault)}${query(scope)}`),
      reset: () => call<void>('DELETE', '/faults')
    },

    clock: {
      get: () => call<ClockState>('GET', '/clock'),
      /** @param offsetSeconds from the time of the system */
      set: (offsetSeconds: number) => call<ClockState>('PUT', '/clock', { offsetSeconds }),
      advance: (seconds: number) => call<ClockState>('POST', '/clock/advance', { seconds }),
      reset: () => call<ClockState>('DELETE', '/clock')
    },

    keys: {
      list: async () => (await call<{ keys: PublicKey[] }>('GET', '/keys')).keys,
      rotate: (alg: SigningAlgorithm = 'RS256') => call<PublicKey>('POST', '/keys/rotate', { alg }),
      publishNext: (alg: SigningAlgorithm = 'RS256') => call<PublicKey>('PUT', '/keys/next', { alg }),
      publish: (kid: string) => call<PublicKey>('PATCH', `/keys/${named(kid)}`, { published: true }),
      unpublish: (kid: string) => call<PublicKey>('PATCH', `/keys/${named(kid)}`, { published: false }),
      retire: (kid: string) => call<void>('DELETE', `/keys/${named(kid)}`),
      reset: () => call<void>('DELETE', '/keys')
    },

    ledger: {
      query: (filter: LedgerQuery = {}) => call<LedgerPage>('GET', `/ledger${query(filter)}`),
      /**
       * Wait until at least `count` exchanges match.
       *
       * To see that there were no more of them, look at `count` of the answer.
       *
       * @param options.count 1 where left out
       * @param options.timeout in seconds, 5 where left out
       * @throws {LabError} 408 when there were too few of them in time
       */
      wait: (filter: LedgerQuery, options: { count?: number, timeout?: number } = {}) =>
        call<LedgerPage>('GET', `/ledger/wait${query({ ...filter, ...options })}`),
      clear: () => call<void>('DELETE', '/ledger')
    },

    settings: {
      get: () => call<RealmSettings>('GET', '/settings'),
      patch: (settings: Partial<RealmSettings>) => call<RealmSettings>('PATCH', '/settings', settings),
      reset: () => call<void>('DELETE', '/settings')
    },

    realms: {
      list: async () => (await call<{ realms: { name: string, issuer: string }[] }>('GET', '/realms')).realms,
      get: (name: string) => call<{ name: string, issuer: string }>('GET', `/realms/${named(name)}`),
      /** Make an issuer of its own, or find the one that is there; at the root alone. `createLabClient` with its `issuer` is a client for it. */
      put: (name: string, seed: RealmSeed = {}) => call<{ name: string, issuer: string }>('PUT', `/realms/${named(name)}`, seed),
      remove: (name: string) => call<void>('DELETE', `/realms/${named(name)}`)
    }
  }
}

/** A client of the control API. */
export type LabClient = ReturnType<typeof createLabClient>

function query (parameters: object): string {
  const given = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]): [string, string] => [name, String(value)])
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

function errorOf (text: string): LabError['body'] {
  try {
    return JSON.parse(text) as LabError['body']
  } catch {
    return { error_description: text.slice(0, 200) }
  }
}
