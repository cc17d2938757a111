import { randomUUID } from 'node:crypto'
import { ControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import type { Addresses } from './addresses.ts'
import type { ClientFields, RealmSettings, UserFields } from './control-api.ts'
import { FailureReports } from './failure-report.ts'
import { Genesys } from './genesys.ts'
import { Realm } from './realm.ts'

/** What a realm is to have from its beginning. */
export interface RealmOptions extends Partial<RealmSettings> {
  /** made up where left out */
  name?: string
  /** by `client_id`; the lab's clients where left out */
  clients?: Record<string, ClientFields>
  /** by user name; the lab's users where left out */
  users?: Record<string, UserFields>
  /** name of the test that it is for, after which reports of failures are called; that of `node:test` is known where Node tells it */
  test?: string
}

/** A running lab. */
export class Lab {
  readonly how: 'process' | 'container' | 'url'
  /** why it runs so, in words */
  readonly why: string
  /** origin of the application, which is the lab's relying party */
  readonly app: string
  /** issuer at the root of the identity provider */
  readonly issuer: string
  /** the stand-in for Genesys Cloud's messaging */
  readonly genesys: Genesys
  /** origin of the console, with the live view */
  readonly console: string
  /** the issuer at the root, with which the lab's own application works */
  readonly root: Realm
  readonly #api: ControlApiClient
  readonly #stop: () => Promise<void>
  readonly #logs: () => string | Promise<string>
  readonly #reportFolder: string | undefined

  /** @param reportFolder where it is written down what was exchanged when an expectation is not met */
  constructor ({ how, why, addresses, logs, stop, reportFolder }: {
    how: Lab['how'], why: string, addresses: Addresses, logs: () => string | Promise<string>, stop: () => Promise<void>, reportFolder?: string | undefined
  }) {
    this.how = how
    this.why = why
    this.app = addresses.app
    this.issuer = addresses.issuer
    this.console = addresses.console
    this.#api = new ControlApiClient(addresses.issuer, {})
    this.genesys = new Genesys(this.#api, { url: addresses.genesys, app: addresses.app, reports: new FailureReports({ console: addresses.console, realm: '', folder: reportFolder }) })
    this.#stop = stop
    this.#logs = logs
    this.#reportFolder = reportFolder
    this.root = new Realm({ name: '', issuer: addresses.issuer, console: addresses.console, remove: async () => {}, reportFolder })
  }

  /** An issuer for one test alone. */
  async realm ({ name = `test-${randomUUID()}`, clients, users, test, ...settings }: RealmOptions = {}): Promise<Realm> {
    const { issuer } = await this.#api.realms.put(name, {
      ...settings,
      ...(clients && { clients: Object.entries(clients).map(([id, fields]) => ({ first_party: true, ...fields, client_id: id })) }),
      ...(users && { users: Object.entries(users).map(([username, fields]) => ({ ...fields, username })) })
    })
    return new Realm({ name, issuer, console: this.console, remove: () => this.#api.realms.remove(name), reportFolder: this.#reportFolder, test })
  }

  /** What the lab has logged so far. */
  async logs (): Promise<string> {
    return await this.#logs()
  }

  /** Put everything back, in all services, as after the first start. */
  reset (): Promise<{ done: string, services?: Record<string, string> }> {
    return this.#api.reset()
  }

  async stop (): Promise<void> {
    await this.genesys.end()
    await this.#stop()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.stop()
  }
}
