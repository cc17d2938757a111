import { randomBytes } from 'node:crypto'
import type { Store } from '#lib/store.ts'
import type { SignIn } from './oidc.ts'

/** A person who is signed in. Stays on the server: the browser has only the `id`, in an encrypted cookie. */
export interface Session extends SignIn {
  id: string
  /** milliseconds since the epoch */
  expiresAt: number
}

/** What the page's `getAuthCode` gives to the Messenger. */
export interface MessengerCode {
  authCode: string
  redirectUri: string
  nonce: string
  codeVerifier: string
  iss?: string | undefined
}

// A code lives about a minute at most providers. One that waited longer than this is not worth handing over.
const messengerCodeLifetime = 45

/** The sessions of this application, and for each at most one code that waits for the Messenger. */
export class Sessions {
  readonly #sessions
  readonly #messengerCodes
  readonly #lifetime: number

  constructor (store: Store, lifetime: number) {
    this.#sessions = store.collection<Session>('sessions')
    this.#messengerCodes = store.collection<MessengerCode>('messenger-codes')
    this.#lifetime = lifetime
  }

  async start (signIn: SignIn): Promise<Session> {
    const session = {
      ...signIn, id: randomBytes(32).toString('base64url'), expiresAt: Date.now() + this.#lifetime * 1000
    }
    await this.#sessions.set(session.id, session, { ttl: this.#lifetime })
    return session
  }

  find (id: string): Promise<Session | undefined> {
    return this.#sessions.get(id)
  }

  async end (id: string): Promise<void> {
    await this.#sessions.delete(id)
    await this.#messengerCodes.delete(id)
  }

  async keepMessengerCode (id: string, code: MessengerCode): Promise<void> {
    await this.#messengerCodes.set(id, code, { ttl: messengerCodeLifetime })
  }

  /** The code that waits for the Messenger: given once, as it can be redeemed once. */
  takeMessengerCode (id: string): Promise<MessengerCode | undefined> {
    return this.#messengerCodes.take(id)
  }
}
