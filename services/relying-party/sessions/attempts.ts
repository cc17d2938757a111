import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Store } from '#lib/store/store.ts'
import { cookieOf } from '../cookies.ts'
import { Refusal } from '../refusal.ts'
import type { AuthorizationRequest } from '../oidc/authorization-request.ts'
import type { SignOutRequest } from '../oidc/identity-provider.ts'

/** A round trip to the identity provider that is under way in this browser. */
export type Attempt = { state: string } & (SignInAttempt | MessengerAttempt | SignOutAttempt)

interface SignInAttempt extends AuthorizationRequest {
  purpose: 'sign-in'
  /** whose response it must be; one of another provider is none */
  issuer: string
  /** path in this application to go on to */
  returnTo: string
}

interface MessengerAttempt extends AuthorizationRequest {
  purpose: 'messenger'
  /** the code is for this person alone */
  sub: string
  returnTo: string
  /** `in-frame`: no page can be shown. `at-once`: the provider is asked to show none. `interactive`: it may */
  manner: 'in-frame' | 'at-once' | 'interactive'
  /** with an ID token as a hint */
  hinted: boolean
}

interface SignOutAttempt {
  purpose: 'sign-out'
  /** what the browser is to post to the provider, where it is too long for an address */
  form: SignOutRequest['form']
}

type AttemptFor<P extends Attempt['purpose']> = Extract<Attempt, { purpose: P }>

const maxPerBrowser = 5
const lifetimeSeconds = 60 * 60

// As `randomState` makes them. A sibling host can set cookies of any name, and not every name can be sent back.
const stateFormat = /^[\w-]{43}$/

/**
 * What waits for a response of the identity provider.
 *
 * Each attempt has a cookie of its own, named after its `state`: so several tabs can sign in at once without writing over
 * each other's. What is secret about it stays in the store, where it can be taken once, with the key that the cookie holds.
 * `state` would not do as the key: it comes back beside the code, and whoever got hold of that response would have all that
 * it takes to use it in a browser of their own. https://www.rfc-editor.org/rfc/rfc9700#section-4.5
 */
export class Attempts {
  readonly #pending
  readonly #prefix: string
  readonly #cookie: ReturnType<typeof cookieOf>['options']

  /** @param app URL of this application */
  constructor (store: Store, app: string) {
    this.#pending = store.collection<Attempt>('attempts')
    const { name, options } = cookieOf(app, 'attempt')
    this.#cookie = options
    this.#prefix = `${name}.`
  }

  async start (request: FastifyRequest, reply: FastifyReply, attempt: Attempt): Promise<void> {
    const others = this.#ofBrowser(request)
    for (const { state, key } of others.slice(0, Math.max(0, others.length - (maxPerBrowser - 1)))) {
      await this.#pending.delete(key)
      this.#clearCookie(reply, state)
    }

    const key = randomBytes(32).toString('base64url')
    await this.#pending.set(key, attempt, { ttl: lifetimeSeconds })
    reply.setCookie(`${this.#prefix}${attempt.state}`, `${Date.now()}.${key}`, { ...this.#cookie, maxAge: lifetimeSeconds })
  }

  /**
   * The attempt that a response belongs to. It is gone with that, so a response works once.
   *
   * @throws {Refusal} when this browser did not start it, or it was answered already
   */
  async take<P extends Attempt['purpose']> (
    request: FastifyRequest, reply: FastifyReply, purpose: P, state: string | undefined
  ): Promise<AttemptFor<P>> {
    const started = this.#ofBrowser(request).find(attempt => attempt.state === state)
    const attempt = started && await this.#pending.take(started.key)
    if (started) this.#clearCookie(reply, started.state)
    if (attempt && attempt.state === state && isFor(attempt, purpose)) return attempt
    throw new Refusal(state === undefined ? 'state_missing' : 'state_unknown')
  }

  /** An attempt of this browser, which stays as it is; nothing where there is none. */
  async find<P extends Attempt['purpose']> (request: FastifyRequest, purpose: P, state: string): Promise<AttemptFor<P> | undefined> {
    const started = this.#ofBrowser(request).find(attempt => attempt.state === state)
    const attempt = started && await this.#pending.get(started.key)
    return attempt && attempt.state === state && isFor(attempt, purpose) ? attempt : undefined
  }

  /** This browser's attempts, oldest first. */
  #ofBrowser (request: FastifyRequest): { state: string, key: string }[] {
    return Object.entries(request.cookies)
      .filter(([name]) => name.startsWith(this.#prefix))
      .map(([name, value = '']) => {
        const [startedAt, key = ''] = value.split('.', 2)
        return { state: name.slice(this.#prefix.length), startedAt: Number(startedAt), key }
      })
      .filter(({ state }) => stateFormat.test(state))
      .sort((a, b) => a.startedAt - b.startedAt)
  }

  #clearCookie (reply: FastifyReply, state: string): void {
    reply.clearCookie(`${this.#prefix}${state}`, this.#cookie)
  }
}

function isFor<P extends Attempt['purpose']> (attempt: Attempt, purpose: P): attempt is AttemptFor<P> {
  return attempt.purpose === purpose
}
