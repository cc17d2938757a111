import { messageOf } from '../journeys/message.ts'
import type { Journeys } from '../journeys/journeys.ts'
import { realmOf } from '../journeys/summary.ts'
import { EventStream } from './event-stream.ts'
import { readLedger } from './ledger-reader.ts'

/** An issuer beside the one at the root. */
export interface Realm {
  name: string
  issuer: string
}

interface RealmsNow { resets: number, changes: number, realms: (Realm & { ledger: string })[] }

/**
 * Follows the ledgers of the provider's realms, as they come and go. What was exchanged in one that is gone stays to be seen, until
 * everything is put back.
 */
export class RealmLedgers {
  readonly #journeys: Journeys
  readonly #stream: EventStream
  readonly #readers = new Map<string, EventStream>()
  #now: RealmsNow | undefined

  /** @param issuer the one at the root */
  constructor (issuer: string, journeys: Journeys) {
    this.#journeys = journeys
    this.#stream = new EventStream(() => `${issuer}/lab/realm-events`, ({ data }) => this.#take(JSON.parse(data) as RealmsNow))
  }

  /** Another whenever something was changed by the control API. */
  get version (): string {
    return `${this.#now?.resets ?? 0}.${this.#now?.changes ?? 0}`
  }

  /** Those that there are. */
  get there (): Realm[] {
    return (this.#now?.realms ?? []).map(({ name, issuer }) => ({ name, issuer }))
  }

  /** The names of those that are gone, of which there are messages to be seen. */
  get past (): string[] {
    const there = new Set(this.there.map(({ name }) => name))
    return [...new Set(this.#journeys.all.map(realmOf))].filter(name => name !== '' && !there.has(name))
  }

  close (): void {
    this.#stream.stop()
    for (const reader of this.#readers.values()) reader.stop()
  }

  #take (now: RealmsNow): void {
    // A provider that has started anew has not reset anything.
    if (this.#now && now.resets > this.#now.resets) {
      for (const reader of this.#readers.values()) reader.stop()
      this.#readers.clear()
      this.#journeys.forget(({ realm }) => realm !== '')
    }
    this.#now = now
    const there = new Set(now.realms.map(({ ledger }) => ledger))
    for (const [ledger, reader] of this.#readers) {
      if (there.has(ledger)) continue
      reader.finish()
      this.#readers.delete(ledger)
    }
    for (const { ledger, name, issuer } of now.realms) {
      if (!this.#readers.has(ledger)) this.#readers.set(ledger, this.#read(name, issuer))
    }
  }

  #read (name: string, issuer: string): EventStream {
    return readLedger(issuer, {
      onEntry: (entry, ledger) => this.#journeys.add(messageOf('idp', name, ledger, entry)),
      onCleared: () => this.#journeys.forget(({ realm }) => realm === name)
    })
  }
}
