import { randomUUID } from 'node:crypto'
import { createSerialQueue } from '#lib/concurrency/serial-queue.ts'
import type { Collection, Store } from '#lib/store/store.ts'
import { adviceOn } from '#lib/validation/likely-names.ts'
import { Type } from '#lib/validation/schema.ts'
import { mistakesIn, sentenceOf } from '#lib/validation/validator.ts'
import { faultNames, findFault } from './catalogue.ts'
import type { AnswerFault, AuthorizationFault, Fault, Point, TokenFault } from './fault.ts'

/** Who an HTTP exchange is with, as far as it is known. */
export interface Who {
  client_id?: string | undefined
  username?: string | undefined
}

/** How a fault is switched on. */
export interface Switch extends Who {
  fault: string
  /** how often it is applied, a whole number from 1; until it is switched off, where not said */
  count?: number | undefined
  /** seconds until it ends by itself, more than 0 */
  expiresIn?: number | undefined
  parameters?: Record<string, unknown> | undefined
}

/** A fault that is switched on. */
export interface ActiveFault {
  id: string
  fault: string
  client_id?: string
  username?: string
  /** how often it will still be applied */
  remaining?: number
  /** when it ends by itself, by ISO 8601 */
  expiresAt?: string
  parameters: Record<string, unknown>
}

/** A fault and how it was switched on, where it is to be applied now. */
export interface Taken<F extends Fault = Fault> {
  fault: F
  parameters: Record<string, unknown>
}

/** A fault that cannot be switched on so. */
export class FaultError extends Error {
  override name = 'FaultError'
  readonly statusCode: 400 | 404
  readonly error: 'not_found' | 'invalid_request'

  constructor (error: FaultError['error'], description: string) {
    super(description)
    this.error = error
    this.statusCode = error === 'not_found' ? 404 : 400
  }
}

const tags = ['active']

/**
 * The faults that are switched on at one issuer. Where several fit one point of an HTTP exchange, the one that was switched on
 * last is applied there, alone; at different points of an HTTP exchange each has its own.
 *
 * They are kept in memory, for an HTTP exchange must not wait for them, and in the store, so that a restart and other replicas find
 * them.
 */
export class ActiveFaults {
  readonly #store: Store
  readonly #kept: Collection<ActiveFault>
  #active: ActiveFault[]
  readonly #inTurn = createSerialQueue()

  static async open (store: Store): Promise<ActiveFaults> {
    const kept = store.collection<ActiveFault>('active-fault')
    return new ActiveFaults(store, kept, await kept.tagged('active'))
  }

  private constructor (store: Store, kept: Collection<ActiveFault>, active: ActiveFault[]) {
    this.#store = store
    this.#kept = kept
    this.#active = active
  }

  /** Those that are switched on, the latest last. */
  active (): readonly ActiveFault[] {
    this.#active = this.#active.filter(({ expiresAt }) => expiresAt === undefined || Date.parse(expiresAt) > Date.now())
    return this.#active
  }

  /**
   * Switch a fault on; in place of what was said about it for the same client and user before.
   *
   * @throws {FaultError} for a fault that does not exist, or not with this scope or these parameters
   */
  async switchOn ({ fault: name, client_id: client, username, count, expiresIn, parameters }: Switch): Promise<ActiveFault> {
    const fault = existing(name)
    checkScope(fault, { client_id: client, username })
    const made: ActiveFault = {
      id: randomUUID(),
      fault: name,
      ...(client !== undefined && { client_id: client }),
      ...(username !== undefined && { username }),
      ...(count !== undefined && { remaining: count }),
      ...(expiresIn !== undefined && { expiresAt: new Date(Date.now() + expiresIn * 1000).toISOString() }),
      parameters: parametersOf(fault, parameters)
    }
    await this.#inTurn(async () => {
      const replaced = this.active().filter(other => other.fault === name && other.client_id === client && other.username === username)
      for (const { id } of replaced) await this.#kept.delete(id)
      await this.#kept.set(made.id, made, { tags })
      this.#active = [...this.#active.filter(other => !replaced.includes(other)), made]
    })
    return made
  }

  /** @returns whether it was on */
  switchOff (id: string): Promise<boolean> {
    return this.#inTurn(async () => {
      await this.#kept.delete(id)
      const isOff = this.active().every(active => active.id !== id)
      this.#active = this.#active.filter(active => active.id !== id)
      return !isOff
    })
  }

  /** Switch all off. */
  reset (): Promise<void> {
    return this.#inTurn(async () => {
      await this.#kept.deleteTagged('active')
      this.#active = []
    })
  }

  /** Read what other replicas have switched on and off. */
  reload (): Promise<void> {
    return this.#inTurn(async () => { this.#active = await this.#kept.tagged('active') })
  }

  /**
   * The fault to apply here, if there is one. It counts as applied, so it is asked for only where it will be. One that is to be applied
   * so often is counted in the store, where several requests at once, at whichever replica, cannot have the same one.
   *
   * @param fits of those at this point, which can be applied at all
   */
  take (point: TokenFault['point'], who: Who): Promise<Taken<TokenFault> | undefined>
  take (point: AuthorizationFault['point'], who: Who): Promise<Taken<AuthorizationFault> | undefined>
  take (point: AnswerFault['point'], who: Who, fits?: (fault: AnswerFault) => boolean): Promise<Taken<AnswerFault> | undefined>
  async take (point: Point, who: Who, fits: (fault: AnswerFault) => boolean = () => true): Promise<Taken | undefined> {
    for (const active of this.active().toReversed()) {
      const fault = findFault(active.fault)
      if (fault?.point !== point || !isMeant(active, who) || !fits(fault as AnswerFault)) continue
      if (await this.#countDown(active)) return { fault, parameters: active.parameters }
    }
    return undefined
  }

  /** @returns whether it is to be applied once more */
  async #countDown ({ id, remaining }: ActiveFault): Promise<boolean> {
    if (remaining === undefined) return true
    const counted = await this.#kept.update(id, active => ({ ...active, remaining: active.remaining! - 1 }))
    const left = counted?.remaining ?? -1
    this.#active = this.#active.flatMap(active => active.id !== id ? active : left > 0 ? counted! : [])
    if (left === 0) await this.#kept.delete(id)
    await this.#store.revise()
    return left >= 0
  }
}

/** Whether a fault is on for them: where it says nothing about client or user, it is for each. */
const isMeant = (active: Who, who: Who) =>
  (active.client_id === undefined || active.client_id === who.client_id) &&
  (active.username === undefined || active.username === who.username)

/** @throws {FaultError} naming similar ones */
export function existing (name: string): Fault {
  const fault = findFault(name)
  if (fault) return fault
  throw new FaultError('not_found', `there is no fault ${name}${adviceOn(name, faultNames) || '; GET /lab/faults lists all'}`)
}

function checkScope ({ name, scopes }: Fault, who: Who): void {
  for (const scope of ['client_id', 'username'] as const) {
    if (who[scope] === undefined || scopes.includes(scope)) continue
    throw new FaultError('invalid_request', `${name} cannot be limited by ${scope}: the request does not tell who asks`)
  }
}

const none = Type.Object({}, { additionalProperties: false })

function parametersOf ({ name, parameters: schema = none }: Fault, given: Record<string, unknown> = {}): Record<string, unknown> {
  const parameters = structuredClone(given)
  const mistakes = mistakesIn(schema, parameters)
  if (mistakes.length === 0) return parameters
  throw new FaultError('invalid_request', `${name}: ${sentenceOf(mistakes, 'parameters')}`)
}
