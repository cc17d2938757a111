// The conformance test of a relying party: the faults of the catalogue, one after the other, and what the application makes of each.
import { setTimeout } from 'node:timers/promises'
import { ControlApiError, type ControlApiClient, type FaultSwitchedOn } from '../../services/idp/control-api/control-api-client.ts'
import type { FaultInCatalogue } from '../../services/idp/control-api/fault-routes.ts'
import type { LedgerEntry } from '../../services/lib/ledger/ledger-entry.ts'
import { fetch } from '../../services/lib/outbound/outbound.ts'
import type { FaultGroup } from './control-api.ts'
import { drawingOf } from './drawing.ts'
import { ExaminationReport, type Behaviour, type ExaminedFault } from './examine-report.ts'
import { pageOfJourney } from './failure-report.ts'
import type { FaultName } from './fault-names.ts'
import { ScriptlessBrowser, wordsOf, type Page } from '../../services/lib/browser/scriptless-browser.ts'

/** How something begins at the application: by opening an address, or by what a browser is told to do. */
export type Step = string | ((browser: ScriptlessBrowser) => Promise<Page>)

/** What is to be known of an application that is examined; all but `start` may be left out. */
export interface ExamineOptions {
  /** where a sign-in begins; it ends without a page of the provider's, as the user is signed in there */
  start: Step
  /** whether somebody is signed in, by the page where the sign-in has ended or, if it is given, by that at `session`; a status below 400 where left out */
  isSignedIn?: (page: Page) => boolean | Promise<boolean>
  /** an address of the application that shows whether somebody is signed in, by what it answers itself */
  session?: string
  /** where it refreshes its tokens, and answers with a status of 400 or more when that fails */
  refresh?: Step
  /** where it fetches claims from the userinfo endpoint, if it does not at the sign-in, and answers with 400 or more when that fails */
  userinfo?: Step
  /** where a sign-out begins */
  signOut?: Step
  /** has the application begin anew, without the discovery document and the keys that it keeps */
  restart?: () => unknown
  /** the application's, if it signs in with more than one */
  client?: string
  /** who signs in; the realm's first user where left out */
  user?: string
  /** these faults and groups of faults alone */
  only?: readonly (FaultName | FaultGroup)[]
  /** all but these */
  except?: readonly (FaultName | FaultGroup)[]
  /** what is set of a fault, in place of what is chosen here so that nobody waits long */
  parameters?: Partial<Record<FaultName, Record<string, unknown>>>
}

/**
 * Where an application is examined.
 *
 * @internal
 */
export interface Place {
  api: ControlApiClient
  /** the realm's name, '' for the root */
  realm: string
  /** origin of the console that shows it, where there is one */
  console?: string | undefined
}

/** What was seen of a fault that was met. */
interface Trial {
  did: Exclude<Behaviour, 'break'>
  page: Page
  reason?: string
}

interface Attempt {
  browser: ScriptlessBrowser
  /** where the sign-in has ended */
  page: Page
  isIn: boolean
}

const chosenParameters: Partial<Record<string, Record<string, unknown>>> = {
  'discovery-slow': { delaySeconds: 1 },
  'token-endpoint-slow': { delaySeconds: 1 },
  'jwks-slow': { delaySeconds: 1 },
  'token-endpoint-timeout': { seconds: 3 }
}
const ledgerSeconds = 10
const journeysMs = 10_000
const pollMs = 100
const wordsLength = 200

/**
 * Find out what an application makes of the faults of the catalogue: each is switched on once, somebody signs in, or does what the fault is
 * about, and somebody signs in again. Faults, clock and keys are then put back, the keys to those of the first start.
 *
 * @throws {Error} where a sign-in without a fault does not work, which draws what was exchanged; and for what cannot be meant
 *
 * @internal
 */
export async function examine (place: Place, options: ExamineOptions): Promise<ExaminationReport> {
  const { api } = place
  const faults = await chosen(await api.faults.catalogue(), options)
  const before = { faults: await api.faults.active(), clock: await api.clock.get() }
  await api.faults.reset()
  if (before.clock.offsetSeconds !== 0) await api.clock.reset()
  const examination = new Examination(api, options, options.user ?? await somebody(api), await kidsOf(api))
  try {
    const began = Date.now()
    const { client, start } = await examination.begin()
    const rows: ExaminedFault[] = []
    for (const fault of faults) rows.push(await examination.examine(fault))
    return new ExaminationReport({ client, start, rows: await withJourneys(place, rows, began), fetchJourney: async id => place.console === undefined ? undefined : await pageOfJourney(place.console, id) })
  } finally {
    await examination.putKeysBack()
    if (before.clock.offsetSeconds !== 0) await api.clock.set(before.clock.offsetSeconds)
    for (const fault of before.faults) await switchOnAgain(api, fault)
  }
}

/** An application under examination. */
class Examination {
  readonly #api: ControlApiClient
  readonly #options: ExamineOptions
  readonly #user: string
  readonly #kids: string
  #client = ''
  #takesLogoutTokens = false
  /** what it asks for at the authorization endpoint */
  #asked: Record<string, unknown> = {}
  /** where somebody is who has signed in */
  #home = ''
  /** the fault since which nobody can sign in any more */
  #brokenBy: string | undefined

  constructor (api: ControlApiClient, options: ExamineOptions, user: string, kids: string) {
    this.#api = api
    this.#options = options
    this.#user = user
    this.#kids = kids
  }

  /** See that a sign-in works at all, and learn from it what the application is like. */
  async begin (): Promise<{ client: string, start: string }> {
    const { start, session } = this.#options
    if (session !== undefined && await this.#isSignedIn(await this.#go(new ScriptlessBrowser(), browser => browser.request(session)))) {
      throw new Error(`\`isSignedIn\` says of ${session} that somebody is signed in before anybody is.`)
    }
    const since = await this.#last()
    const { page, isIn } = await this.#signIn()
    const exchanges = await this.#exchangesSince(since)
    if (!isIn) {
      const why = this.#isOfProvider(page) ? 'ends at a page of the provider' : 'lets nobody in by what `isSignedIn` says'
      throw new Error(`Without any fault, a sign-in of ${this.#user} ${why}, with ${page.status} at ${withoutQuery(page.url)}: ${firstWords(page)}${drawingOf(exchanges)}`)
    }
    this.#home = session ?? page.url
    const requests = exchanges.filter(({ endpoint }) => ['authorization', 'pushed_authorization_request'].includes(endpoint))
    const clients = [...new Set(requests.flatMap(({ client_id: client }) => client ?? []))]
    const client = this.#options.client ?? clients[0]
    if (client === undefined || !clients.includes(client) || (clients.length > 1 && this.#options.client === undefined)) {
      throw new Error(`The sign-in is one of ${clients.join(' and ') || 'no client'}: \`client\` says which is meant.${drawingOf(exchanges)}`)
    }
    this.#client = client
    this.#asked = Object.assign({}, ...requests.filter(({ client_id: id }) => id === client).map(({ parameters }) => parameters))
    this.#takesLogoutTokens = (await this.#api.clients.get(client)).backchannel_logout_uri !== undefined
    return { client, start: typeof start === 'string' ? start : page.url }
  }

  async examine (fault: FaultInCatalogue): Promise<ExaminedFault> {
    const reason = this.#reasonNotToTry(fault) ?? await this.#prepare(fault)
    if (reason !== undefined) return rowOf(fault, { result: 'not tried', reason })
    const trial = await this.#meet(fault)
    if (!trial) return rowOf(fault, this.#notMet(fault))
    return this.#judge(fault, await this.#comeBack(fault, trial))
  }

  async putKeysBack (): Promise<void> {
    if (await kidsOf(this.#api) !== this.#kids) await this.#api.keys.reset()
  }

  #reasonNotToTry ({ name, group }: FaultInCatalogue): string | undefined {
    const { refresh, signOut } = this.#options
    const asksFor = (...names: string[]) => names.some(name => this.#asked[name] !== undefined)
    if (this.#brokenBy !== undefined) return `Since ${this.#brokenBy} nobody can sign in any more.`
    if (group === 'refresh' && refresh === undefined) return '`refresh` says where the application refreshes its tokens.'
    if (group === 'end-session' && signOut === undefined) return '`signOut` says where a sign-out begins.'
    if (group === 'logout-token' && !this.#takesLogoutTokens) return `${this.#client} has no backchannel_logout_uri, so it gets no logout token.`
    if (asksFor('request', 'request_uri')) return undefined
    if (name === 'id-token-invalid-acr' && !asksFor('acr_values', 'claims')) return 'The application asks for no level.'
    if (name.endsWith('-auth-time') && !asksFor('max_age') && this.#asked['prompt'] !== 'login') return 'The application asks for no recent sign-in.'
    return undefined
  }

  #notMet ({ group }: FaultInCatalogue): Pick<ExaminedFault, 'result' | 'reason'> {
    if (group === 'userinfo' && this.#options.userinfo === undefined) {
      return { result: 'not tried', reason: 'The application fetches no claims at the sign-in; `userinfo` says where it does.' }
    }
    const keeps = ['discovery', 'jwks'].includes(group) && this.#options.restart === undefined
    return { result: 'not met', reason: `The application did not come across it.${keeps ? ' It may keep what it has from before: `restart` has it begin anew.' : ''}` }
  }

  /**
   * Have an application that keeps documents and keys ask for them, or have them, as the fault is about.
   *
   * @returns why that cannot be
   */
  async #prepare ({ name, group }: FaultInCatalogue): Promise<string | undefined> {
    const { restart } = this.#options
    const isAboutKeys = name === 'id-token-no-kid-several-keys'
    if (!isAboutKeys && !['discovery', 'jwks'].includes(group)) return undefined
    if (restart) {
      await restart()
      if (name.startsWith('jwks-rotated')) await this.#signIn()
    } else if (isAboutKeys) {
      await this.#api.keys.rotate()
      if ((await this.#signIn()).isIn) return undefined
      await this.putKeysBack()
      return 'The application keeps its keys, and knows a single one: `restart` has it begin anew.'
    }
    return undefined
  }

  async #meet (fault: FaultInCatalogue): Promise<Trial | undefined> {
    const { refresh, userinfo, signOut } = this.#options
    switch (fault.group) {
      case 'refresh': return this.#meetAt(fault, refresh!)
      case 'logout-token': return this.#meetLogoutToken(fault)
      case 'end-session': return this.#meetAtSignOut(fault, signOut!)
      case 'userinfo': return await this.#meetAtSignIn(fault) ?? (userinfo === undefined ? undefined : this.#meetAt(fault, userinfo))
      case 'jwks': return await this.#meetAtSignIn(fault) ?? this.#meetWithNewKey(fault)
      default: return this.#meetAtSignIn(fault)
    }
  }

  async #meetAtSignIn (fault: FaultInCatalogue): Promise<Trial | undefined> {
    const { done: { page, isIn }, met, exchanges } = await this.#withFault(fault, 1, () => this.#signIn())
    if (!met) return undefined
    if (!isIn) return { did: 'refuse', page }
    if (fault.outcome === 'succeed' || fault.outcome === 'may' || !isAnew(met, exchanges)) return { did: 'succeed', page }
    // It has begun again, with a good answer: that it does not take the other is seen where no good one comes.
    await this.#prepare(fault)
    const { done: persisted, exchanges: later } = await this.#withFault(fault, undefined, () => this.#signIn())
    const isMet = later.some(({ faults }) => faults.includes(fault.name))
    return persisted.isIn && isMet ? { did: 'succeed', page: persisted.page } : { did: 'retry', page }
  }

  /** An application asks for the keys that it keeps when it does not know the one that has signed. */
  async #meetWithNewKey (fault: FaultInCatalogue): Promise<Trial | undefined> {
    await this.#api.keys.rotate()
    const trial = await this.#meetAtSignIn(fault)
    if (!trial) await this.putKeysBack()
    return trial
  }

  async #meetAt (fault: FaultInCatalogue, step: Step): Promise<Trial | undefined> {
    const { browser } = await this.#signIn()
    const { done: page, met, exchanges } = await this.#withFault(fault, 1, () => this.#go(browser, step))
    if (!met) return undefined
    if (!this.#isAnswered(page)) return { did: 'refuse', page }
    return { did: isAnew(met, exchanges) ? 'retry' : 'succeed', page }
  }

  async #meetLogoutToken (fault: FaultInCatalogue): Promise<Trial | undefined> {
    const { browser } = await this.#signIn()
    const { met, exchanges } = await this.#withFault(fault, 1, () => this.#confirmSignOut(browser, `${this.#api.issuer}/session/end`))
    const answer = exchanges.findLast(({ endpoint }) => endpoint === 'backchannel_logout')
    if (!met || !answer) return undefined
    const { status } = answer
    const { backchannel_logout_uri: url = '' } = await this.#api.clients.get(this.#client)
    return { did: status >= 200 && status < 300 ? 'succeed' : 'refuse', page: { url, status, headers: new Headers(), text: JSON.stringify(answer.answer) } }
  }

  async #meetAtSignOut (fault: FaultInCatalogue, step: Step): Promise<Trial | undefined> {
    const { browser } = await this.#signIn()
    const look = () => this.#go(browser, () => browser.request(this.#home))
    if (!await this.#isSignedIn(await look())) throw new Error(`\`isSignedIn\` says of ${this.#home} that nobody is signed in after a sign-in: \`session\` is an address that shows it.`)
    const { met } = await this.#withFault(fault, 1, () => this.#confirmSignOut(browser, step))
    if (!met) return undefined
    const page = await look()
    return await this.#isSignedIn(page) ? { did: 'refuse', page, reason: 'The person is still signed in at the application.' } : { did: 'succeed', page }
  }

  /** After a fault a sign-in is as any other. */
  async #comeBack (fault: FaultInCatalogue, trial: Trial): Promise<Trial | { did: 'break', page: Page, reason: string }> {
    const next = await this.#signIn()
    await this.putKeysBack()
    if (next.isIn) return fault.outcome === 'retry' && trial.did === 'refuse' ? { ...trial, did: 'retry' } : trial
    // An application that asks for keys only so often knows those from before.
    if (fault.group === 'jwks' && (await this.#signIn()).isIn) {
      return fault.outcome === 'refuse' ? trial : { did: 'refuse', page: next.page, reason: 'The next sign-in, without the fault, is refused too: it does not ask for the keys again.' }
    }
    await this.#options.restart?.()
    if (!this.#options.restart || !(await this.#signIn()).isIn) this.#brokenBy = fault.name
    return { did: 'break', page: next.page, reason: 'Afterwards nobody can sign in, also without the fault.' }
  }

  #judge (fault: FaultInCatalogue, { did, page, reason }: { did: Behaviour, page: Page, reason?: string }): ExaminedFault {
    const isAsDemanded = did === fault.outcome || (did === 'retry' && fault.outcome === 'refuse') || (did !== 'break' && fault.outcome === 'may')
    return rowOf(fault, {
      result: isAsDemanded ? 'passed' : 'failed',
      did,
      evidence: { status: page.status, url: withoutQuery(page.url), words: firstWords(page) },
      ...(reason !== undefined && { reason })
    })
  }

  /** Do something while a fault is on, and find where it was applied. */
  async #withFault<Done> ({ name, scopes }: FaultInCatalogue, count: 1 | undefined, act: () => Promise<Done>) {
    const parameters = this.#options.parameters?.[name as FaultName] ?? chosenParameters[name]
    const since = await this.#last()
    await this.#api.faults.switchOn(name, {
      ...(count !== undefined && { count }), ...(scopes.includes('client_id') && { client_id: this.#client }), ...(parameters && { parameters })
    })
    try {
      const done = await act()
      const isApplied = (await this.#api.faults.active()).length === 0
      const met = isApplied ? await this.#recorded(name, since) : undefined
      return { done, met, exchanges: await this.#exchangesSince(since) }
    } finally {
      await this.#api.faults.reset()
    }
  }

  /** Where a fault was applied; an application that has not waited is told of by the ledger when the provider has ended, too. */
  async #recorded (fault: string, since: number): Promise<LedgerEntry | undefined> {
    try {
      return (await this.#api.ledger.wait({ fault, since }, { timeout: ledgerSeconds })).entries.at(-1)
    } catch (error) {
      if (error instanceof ControlApiError && error.status === 408) return undefined
      throw error
    }
  }

  /** A sign-in in a browser of its own. */
  async #signIn (): Promise<Attempt> {
    const { start, session } = this.#options
    const browser = new ScriptlessBrowser()
    await browser.take((await this.#api.sessions.signIn(this.#user)).cookies, this.#api.issuer)
    const page = await this.#go(browser, start)
    const seen = session === undefined ? page : await this.#go(browser, () => browser.request(session))
    return { browser, page, isIn: await this.#isSignedIn(seen) }
  }

  /** Sign out, and say yes where the provider asks. */
  async #confirmSignOut (browser: ScriptlessBrowser, step: Step): Promise<Page> {
    const page = await this.#go(browser, step)
    const [, xsrf] = (this.#isOfProvider(page) && /name="xsrf" value="([^"]+)"/.exec(page.text)) || []
    return xsrf === undefined ? page : this.#go(browser, () => browser.open(`${this.#api.issuer}/session/end/confirm`, { form: { xsrf, logout: 'yes' } }))
  }

  /** What does not come is a page with the status 0 that says why. */
  async #go (browser: ScriptlessBrowser, step: Step): Promise<Page> {
    try {
      return await (typeof step === 'string' ? browser.open(step) : step(browser))
    } catch (error) {
      return { url: browser.visited.at(-1) ?? String(step), status: 0, headers: new Headers(), text: reasonOf(error) }
    }
  }

  async #isSignedIn (page: Page): Promise<boolean> {
    const { isSignedIn = ({ status }: Page) => status < 400 } = this.#options
    return page.status !== 0 && !this.#isOfProvider(page) && await isSignedIn(page)
  }

  #isAnswered = (page: Page) => page.status > 0 && page.status < 400 && !this.#isOfProvider(page)

  #isOfProvider = ({ url }: Page) => url.startsWith(`${this.#api.issuer}/`)

  #last = async () => (await this.#api.ledger.query({ limit: 1, order: 'desc' })).last

  #exchangesSince = async (since: number) => (await this.#api.ledger.query({ since })).entries
}

/** Whether the same was asked for again, or another sign-in begun, and went without the fault. */
const isAnew = (met: LedgerEntry, exchanges: readonly LedgerEntry[]) =>
  exchanges.some(({ id, endpoint, faults }) => id > met.id && (endpoint === met.endpoint || endpoint === 'authorization') && !faults.some(fault => met.faults.includes(fault)))

const rowOf = ({ name, group, title, mustDo, outcome, specification }: FaultInCatalogue, came: Pick<ExaminedFault, 'result' | 'did' | 'evidence' | 'reason'>): ExaminedFault => ({
  fault: name as FaultName, group, title, section: specification.section, url: specification.url, expected: outcome, mustDo, ok: came.result === 'passed', ...came
})

/** A code and a state are nobody's business. */
const withoutQuery = (url: string) => url.replace(/[?#].*/s, '')

const firstWords = (page: Page) => wordsOf(page).slice(0, wordsLength)

const reasonOf = (error: unknown): string => error instanceof Error
  ? `${error.message}${error.cause === undefined ? '' : `: ${reasonOf(error.cause)}`}`
  : String(error)

/** @throws {Error} for what is neither a fault nor a group, and where nothing is left */
function chosen (catalogue: FaultInCatalogue[], { only, except = [] }: ExamineOptions): FaultInCatalogue[] {
  const known = new Set<string>(catalogue.flatMap(({ name, group }) => [name, group]))
  const unknown = [...only ?? [], ...except].filter(name => !known.has(name))
  if (unknown.length > 0) throw new Error(`There is no fault and no group of faults ${unknown.join(', ')}. Groups are ${[...new Set(catalogue.map(({ group }) => group))].join(', ')}.`)
  const isNamed = (names: readonly string[], { name, group }: FaultInCatalogue) => names.includes(name) || names.includes(group)
  const faults = catalogue.filter(fault => (!only || isNamed(only, fault)) && !isNamed(except, fault))
  if (faults.length === 0) throw new Error('`only` and `except` leave no fault to examine by.')
  return faults
}

/** @throws {Error} where the realm has nobody who can sign in without a page */
async function somebody (api: ControlApiClient): Promise<string> {
  const user = (await api.users.list()).find(({ disabled, always_ask_consent: isAsked }) => !disabled && !isAsked)
  if (!user) throw new Error(`${api.issuer} has nobody who could sign in: put a user.`)
  return user.username
}

const kidsOf = async (api: ControlApiClient) => (await api.keys.list()).map(({ kid, stage, published }) => `${kid} ${stage} ${published}`).join()

async function switchOnAgain (api: ControlApiClient, { fault, client_id: client, username, remaining, expiresAt, parameters }: FaultSwitchedOn): Promise<void> {
  const secondsLeft = expiresAt === undefined ? undefined : (Date.parse(expiresAt) - Date.parse((await api.clock.get()).now)) / 1000
  if (secondsLeft !== undefined && secondsLeft <= 0) return
  await api.faults.switchOn(fault, {
    parameters,
    ...(client !== undefined && { client_id: client }),
    ...(username !== undefined && { username }),
    ...(remaining !== undefined && { count: remaining }),
    ...(secondsLeft !== undefined && { expiresIn: secondsLeft })
  })
}

/** The rows with the journeys in which their faults were met, as far as the console has them before long. */
async function withJourneys ({ console, realm }: Place, rows: ExaminedFault[], began: number): Promise<ExaminedFault[]> {
  if (console === undefined) return rows
  for (const until = performance.now() + journeysMs; ;) {
    const response = await fetch(`${console}/journeys?${new URLSearchParams({ realm })}`)
    const { journeys } = await response.json() as { journeys: { id: string, from: number, faults: string[] }[] }
    const known = rows.map(row => {
      const journey = journeys.find(({ from, faults }) => from >= began && faults.includes(row.fault))
      return row.did === undefined || !journey ? row : { ...row, journey: journey.id }
    })
    // Whoever tests may have stopped `Date`.
    if (performance.now() > until || known.every(({ did, journey }) => did === undefined || journey !== undefined)) return known
    await setTimeout(pollMs)
  }
}
