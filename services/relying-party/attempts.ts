import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Store } from '#lib/store.ts'
import { SignInError } from './errors.ts'
import type { AuthorizationRequest } from './oidc.ts'

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
}

interface SignOutAttempt {
  purpose: 'sign-out'
}

type AttemptFor<P extends Attempt['purpose']> = Extract<Attempt, { purpose: P }>

const mostAtOnce = 5
const lifetime = 60 * 60

// As `randomState` makes them. A sibling host can set cookies of any name, and not every name can be sent back.
const stateFormat = /^[\w-]{43}$/

/**
 * What waits for a response of the identity provider.
 *
 * Each attempt has a cookie of its own, named after its `state`: so several tabs can sign in at once without writing over
 * each other's, and a response is taken only in the browser that sent the request. What is secret about it stays in the
 * store, where it can be taken once.
 */
export class Attempts {
  readonly #pending
  readonly #prefix: string
  readonly #secure: boolean

  constructor (store: Store, { secure }: { secure: boolean }) {
    this.#pending = store.collection<Attempt>('attempts')
    this.#secure = secure
    // With this prefix browsers refuse such a cookie from a sibling host.
    this.#prefix = secure ? '__Host-attempt.' : 'attempt.'
  }

  async start (request: FastifyRequest, reply: FastifyReply, attempt: Attempt): Promise<void> {
    const others = this.#statesOf(request)
    for (const state of others.slice(0, Math.max(0, others.length - (mostAtOnce - 1)))) {
      await this.#pending.delete(state)
      this.#clearCookie(reply, state)
    }

    await this.#pending.set(attempt.state, attempt, { ttl: lifetime })
    reply.setCookie(`${this.#prefix}${attempt.state}`, String(Date.now()), { ...this.#cookie, maxAge: lifetime })
  }

  /**
   * The attempt that a response belongs to. It is gone with that, so a response works once.
   *
   * @throws {SignInError} when this browser did not start it, or it was answered already
   */
  async take<P extends Attempt['purpose']> (
    request: FastifyRequest, reply: FastifyReply, purpose: P, state: string | undefined
  ): Promise<AttemptFor<P>> {
    const started = state !== undefined && this.#statesOf(request).includes(state)
    const attempt = started ? await this.#pending.take(state) : undefined
    if (started) this.#clearCookie(reply, state)
    if (attempt && isFor(attempt, purpose)) return attempt
    throw new SignInError(state === undefined ? 'state_missing' : 'state_unknown')
  }

  /** The states of this browser's attempts, oldest first. */
  #statesOf (request: FastifyRequest): string[] {
    return Object.entries(request.cookies)
      .filter(([name]) => name.startsWith(this.#prefix))
      .sort(([, a], [, b]) => Number(a) - Number(b))
      .map(([name]) => name.slice(this.#prefix.length))
      .filter(state => stateFormat.test(state))
  }

  #clearCookie (reply: FastifyReply, state: string): void {
    reply.clearCookie(`${this.#prefix}${state}`, this.#cookie)
  }

  get #cookie () {
    return { path: '/', httpOnly: true, sameSite: 'lax', secure: this.#secure } as const
  }
}

function isFor<P extends Attempt['purpose']> (attempt: Attempt, purpose: P): attempt is AttemptFor<P> {
  return attempt.purpose === purpose
}
