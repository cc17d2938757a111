import { ControlApiClient, ControlApiError } from '../../services/idp/control-api/control-api-client.ts'
import type { LedgerEntry } from '../../services/lib/ledger/ledger-entry.ts'
import type { LedgerFilter } from '../../services/lib/ledger/ledger-filter.ts'
import type { ActiveFault, Clients, ClockState, Fault, Keys, Ledger, LedgerPage, Settings, Users } from './control-api.ts'
import type { EndpointName } from './endpoint-names.ts'
import type { FaultName } from './fault-names.ts'
import { drawingOf } from './drawing.ts'
import { examine, type ExamineOptions } from './examine.ts'
import { FailureReports, type Shown } from './failure-report.ts'
import type { ExaminationReport } from './examine-report.ts'
import { ScriptlessBrowser } from '../../services/lib/browser/scriptless-browser.ts'
import { signedIn, signInBrowser, type SignedInOptions, type StorageState } from './signed-in.ts'

/** For whom a fault is switched on, and for how long. */
export interface FaultOptions {
  /** the client that it is for; every client where left out */
  client?: string
  /** the user that it is for; everybody where left out */
  user?: string
  /** how often it is applied; until it is switched off where left out */
  times?: number
  /** what can be set of it, by the catalogue */
  parameters?: Record<string, unknown>
}

/** A span of time; what is given is added up. */
export interface Duration { days?: number, hours?: number, minutes?: number, seconds?: number }

/** What an HTTP exchange at the provider must have. */
export interface ExchangeFilter extends Omit<LedgerFilter, 'client_id' | 'username' | 'fault' | 'endpoint'> {
  endpoint?: EndpointName
  client?: string
  user?: string
  fault?: FaultName
}

/** What the provider is to do wrong. */
export interface Faults {
  /** Switch a fault on until it is switched off, or `times` times. */
  on (fault: FaultName, options?: FaultOptions): Promise<ActiveFault>
  /** Switch a fault on for one time. */
  once (fault: FaultName, options?: Omit<FaultOptions, 'times'>): Promise<ActiveFault>
  off (fault: FaultName): Promise<void>
  allOff (): Promise<void>
  active (): Promise<ActiveFault[]>
  /** all faults there are, with what a correct relying party must do */
  catalogue (): Promise<Fault[]>
}

/** The provider's clock. That of the process that tests stays as it is. */
export interface Clock {
  get (): Promise<ClockState>
  advance (duration: Duration): Promise<ClockState>
  reset (): Promise<ClockState>
}

const secondsIn = { days: 86_400, hours: 3_600, minutes: 60, seconds: 1 }

/** An issuer of its own: with users, clients, faults, clock, keys and ledger that nobody else has. */
export class Realm {
  readonly name: string
  readonly issuer: string
  readonly users: Users
  readonly clients: Clients
  readonly keys: Keys
  readonly ledger: Ledger
  readonly settings: Settings
  readonly #api: ControlApiClient
  readonly #console: string | undefined
  readonly #reports: FailureReports | undefined
  readonly #remove: () => Promise<void>

  /**
   * @param console origin of the console that shows it, where there is one
   * @param remove takes it away; the root's cannot be
   * @param reportFolder where it is written down what was exchanged when an expectation is not met
   * @param test the name of the test that it is for
   */
  constructor ({ name, issuer, console, remove, reportFolder, test }: {
    name: string, issuer: string, console?: string, remove: () => Promise<void>, reportFolder?: string | undefined, test?: string | undefined
  }) {
    this.name = name
    this.issuer = issuer
    this.#console = console
    this.#remove = remove
    this.#reports = console === undefined ? undefined : new FailureReports({ console, realm: name, folder: reportFolder, test })
    this.#api = new ControlApiClient(issuer, {})
    const { users, clients, keys, ledger, settings } = this.#api
    this.users = users
    this.clients = clients
    this.keys = keys
    this.ledger = ledger
    this.settings = settings
  }

  readonly faults: Faults = {
    on: async (fault, { client, user, times, parameters } = {}) => await this.#api.faults.switchOn(fault, {
      ...(client !== undefined && { client_id: client }),
      ...(user !== undefined && { username: user }),
      ...(times !== undefined && { count: times }),
      ...(parameters && { parameters })
    }) as ActiveFault,
    once: (fault, options = {}) => this.faults.on(fault, { ...options, times: 1 }),
    off: fault => this.#api.faults.switchOff(fault),
    allOff: () => this.#api.faults.reset(),
    active: async () => await this.#api.faults.active() as ActiveFault[],
    catalogue: async () => await this.#api.faults.catalogue() as Fault[]
  }

  readonly clock: Clock = {
    get: () => this.#api.clock.get(),
    advance: duration => this.#api.clock.advance(
      (Object.keys(secondsIn) as (keyof Duration)[]).reduce((sum, unit) => sum + (duration[unit] ?? 0) * secondsIn[unit], 0)),
    reset: () => this.#api.clock.reset()
  }

  /**
   * The cookies of a browser in which a user is signed in: at the provider and, where `through` says by which address it begins,
   * at the application too.
   */
  signedIn (username: string, options: SignedInOptions = {}): Promise<StorageState> {
    return signedIn(this.#api, username, options)
  }

  /**
   * A browser without a window in which a user is signed in as `signedIn` does it, for a suite that has no browser of its own: it keeps
   * cookies, follows redirects and runs no script.
   *
   * @param username nobody where left out
   */
  browser (username?: string, options: SignedInOptions = {}): Promise<ScriptlessBrowser> {
    return username === undefined ? Promise.resolve(new ScriptlessBrowser()) : signInBrowser(this.#api, username, options)
  }

  /**
   * Find out what an application makes of the faults of the catalogue, which it must refuse or cope with. Nobody else may use the realm
   * meanwhile; its faults, clock and keys are put back, the keys to those that it began with.
   *
   * @throws {Error} where a sign-in without a fault does not work, which draws what was exchanged
   */
  examine (options: ExamineOptions): Promise<ExaminationReport> {
    return examine({ api: this.#api, realm: this.name, console: this.#console }, options)
  }

  /**
   * Wait until something was exchanged.
   *
   * @param options.times how often, exactly; at least once where left out
   * @param options.within seconds to wait, 5 where left out
   * @throws {Error} which draws what was exchanged instead, and names the file in which that is told in full
   */
  async saw ({ client, user, ...filter }: ExchangeFilter, { times, within }: { times?: number, within?: number } = {}): Promise<LedgerPage> {
    const query = { ...filter, ...(client !== undefined && { client_id: client }), ...(user !== undefined && { username: user }) }
    const wanted = `${JSON.stringify({ client, user, ...filter })} ${times === undefined ? 'at least once' : `${times} times`}`
    try {
      const page = times === 0
        ? await this.#api.ledger.query(query)
        : await this.#api.ledger.wait(query, { ...(times !== undefined && { count: times }), ...(within !== undefined && { timeout: within }) })
      if (times === undefined || page.count === times) return page
      throw new Error(`${this.issuer} saw ${wanted.replace(/ \d+ times$/, '')} ${page.count} times, and not ${times}.${await this.#evidence(wanted, { client, user })}`)
    } catch (error) {
      if (!(error instanceof ControlApiError) || error.status !== 408) throw error
      throw new Error(`${this.issuer} did not see ${wanted}.${await this.#evidence(wanted, { client, user })}`, { cause: error })
    }
  }

  /**
   * Write down what was exchanged last, as a page, in the folder for reports of the lab. An expectation that is not met does that by itself.
   *
   * @param title what the file is called where the name of the test is not known
   * @returns the path of the page; nothing where nothing was exchanged
   */
  async report (title: string = this.name): Promise<string | undefined> {
    return await this.#reports?.write(title, { until: lastOf((await this.#api.ledger.query({ order: 'desc', limit: 1 })).entries) })
  }

  async #evidence (wanted: string, shown: Shown): Promise<string> {
    const { entries } = await this.#api.ledger.query({})
    const note = entries.length === 0 ? undefined : await this.#reports?.note(wanted, { ...shown, until: lastOf(entries) })
    return drawingOf(entries) + (note ?? '')
  }

  /** Remove it, with everything in it. */
  remove (): Promise<void> {
    return this.#remove()
  }

  [Symbol.asyncDispose] (): Promise<void> {
    return this.#remove()
  }
}

const lastOf = (entries: readonly LedgerEntry[]) => Math.max(0, ...entries.map(({ at }) => at))
