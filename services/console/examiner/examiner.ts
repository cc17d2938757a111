import type { JWK } from 'jose'
import { systemTimeMs } from '#lib/ledger/ledger-entry.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import { withoutTrailingSlash } from '#lib/settings/settings.ts'
import type { Client, Knowledge } from './check.ts'
import { examine, type Finding } from './examine.ts'
import { keysInLedger } from './keys-in-ledger.ts'
import { Signatures } from './signatures.ts'
import type { Journey } from '../journeys/journeys.ts'
import { endOf } from '../journeys/message.ts'

/** Examines journeys by what the provider knows itself, and remembers keys that it has retired since. */
export class Examiner {
  readonly #issuer: string
  readonly #app: string
  readonly #signatures = new Signatures()
  readonly #known = new Map<string, { at: number, clients: readonly Client[] }>()
  readonly #keys = new Map<string, Map<string, JWK>>()

  /**
   * @param urls.issuer of the provider; its realms are below it
   * @param urls.app of the lab's own application
   */
  constructor ({ issuer, app }: { issuer: string, app: string }) {
    this.#issuer = issuer
    this.#app = app
  }

  /** @param all journeys there are, this one among them */
  async examine (journey: Journey, all: readonly Journey[]): Promise<Finding[]> {
    const realms = [...new Set(journey.messages.filter(({ service }) => service === 'idp').map(({ realm }) => realm))]
    const ofRealms = await Promise.all(realms.map(async realm => examine(
      { ...journey, messages: journey.messages.filter(message => message.service !== 'idp' || message.realm === realm) },
      await this.#knowledgeOf(realm, all, journey.messages.reduce((latest, message) => Math.max(latest, endOf(message)), 0)), all)))
    return ofRealms.flat()
  }

  /** @param since knowledge that is older than this is out of date: keys may have been rotated, clients changed */
  async #knowledgeOf (realm: string, all: readonly Journey[], since: number): Promise<Knowledge> {
    const issuer = realm === '' ? this.#issuer : `${withoutTrailingSlash(this.#issuer)}/realms/${realm}`
    const known = this.#known.get(realm)
    if (!known || known.at <= since) await this.#ask(realm, issuer)
    return {
      issuer,
      app: this.#app,
      clients: this.#known.get(realm)?.clients ?? [],
      keys: [...new Map([...keysInLedger(all, realm).map(key => [key.kid!, key] as const), ...this.#keys.get(realm) ?? []]).values()],
      signatures: this.#signatures
    }
  }

  /** Where the provider does not answer, what was known before is all there is. */
  async #ask (realm: string, issuer: string): Promise<void> {
    const at = systemTimeMs()
    const base = withoutTrailingSlash(issuer)
    try {
      const [{ clients }, { keys }] = await Promise.all([
        read<{ clients: readonly Client[] }>(`${base}/lab/clients`), read<{ keys: { kid: string, jwk: JWK }[] }>(`${base}/lab/keys`)
      ])
      this.#known.set(realm, { at, clients })
      const all = this.#keys.get(realm) ?? new Map<string, JWK>()
      for (const { kid, jwk } of keys) all.set(kid, jwk)
      this.#keys.set(realm, all)
    } catch {
      // It may have been stopped, or the realm removed.
    }
  }
}

async function read<T> (url: string): Promise<T> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answers ${response.status}`)
  return await response.json() as T
}
