import type { Test } from 'tap'
import { createControlApiClient, type ControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import type { FaultInCatalogue } from '../../services/idp/control-api/fault-routes.ts'
import { Browser, type Page } from './browser.ts'
import { ConsoleApi } from './console.ts'
import { wentOn } from '../../services/console/exports/sequence.ts'
import { brokenBy, findingsAbout } from './examined-faults.ts'
import type { Lab } from './lab.ts'
import { RelyingPartyLog } from './relying-party-log.ts'

const secretParameters = [
  'code', 'state', 'nonce', 'code_verifier', 'id_token', 'access_token', 'refresh_token', 'client_secret', 'logout_token',
  'id_token_hint'
]

/** A page that says so. */
export interface Refused {
  status: number
  /** the error code on the page and in the log */
  error: string
  /** what the page says was wrong */
  says: RegExp
}

/** A lab whose identity provider does wrong on purpose, seen by the person `alice`. */
export class FaultyLab {
  readonly lab: Lab
  readonly idp: ControlApiClient
  readonly log: RelyingPartyLog
  readonly catalogue: FaultInCatalogue[]
  readonly username = 'alice'
  readonly #console: ConsoleApi

  static async open (lab: Lab): Promise<FaultyLab> {
    const idp = createControlApiClient(lab.issuer)
    return new FaultyLab(lab, idp, await idp.faults.catalogue())
  }

  private constructor (lab: Lab, idp: ControlApiClient, catalogue: FaultInCatalogue[]) {
    this.lab = lab
    this.idp = idp
    this.log = new RelyingPartyLog(lab)
    this.catalogue = catalogue
    this.#console = new ConsoleApi(lab)
  }

  find (name: string): FaultInCatalogue {
    return this.catalogue.find(fault => fault.name === name)!
  }

  /** Switch a fault on, for `alice` and a client where it can be limited, until it is switched off or has been applied `count` times. */
  async switchOn (name: string, { client = 'OIDC_CLIENT_ID', count, parameters = {} }: {
    client?: 'OIDC_CLIENT_ID' | 'GENESYS_CLIENT_ID', count?: number, parameters?: Record<string, unknown>
  } = {}): Promise<void> {
    const { scopes } = this.find(name)
    await this.idp.faults.switchOn(name, {
      ...(scopes.includes('client_id') && { client_id: this.lab.settings[client]! }),
      ...(scopes.includes('username') && { username: this.username }),
      ...(count !== undefined && { count }),
      parameters
    })
  }

  /** Where to look on from: what has been exchanged and logged until now is left out. */
  async mark (): Promise<number> {
    await this.log.skip()
    return (await this.idp.ledger.query({ limit: 1, order: 'desc' })).last
  }

  /** Sign in where the identity provider asks for it. */
  async complete (browser: Browser, page: Page): Promise<Page> {
    const { username, password } = this.lab.user(this.username)
    return page.url.startsWith(this.lab.issuer) ? browser.submit(page, { username, password }) : page
  }

  /** Somebody who has signed in. */
  async signedIn (t: Test): Promise<Browser> {
    const browser = new Browser(this.lab)
    await this.isSignedIn(t, browser, await this.complete(browser, await browser.openSignIn()))
    return browser
  }

  async isSignedIn (t: Test, browser: Browser, page: Page): Promise<void> {
    t.equal(page.url, `${this.lab.app}/`, 'the sign-in ends at the application')
    t.match(await browser.session(), { authenticated: true, user: { sub: this.lab.user(this.username).sub } })
  }

  async isMet (t: Test, fault: string, since: number): Promise<void> {
    // A replica tells a moment later what another one has recorded.
    t.ok((await this.idp.ledger.wait({ fault, since })).count > 0, 'the fault was met')
    await this.#isExamined(t, fault)
  }

  /** The console's examiner marks the check that the fault breaks, and no other. */
  async #isExamined (t: Test, fault: string): Promise<void> {
    const findings = findingsAbout(fault, await this.#console.latest(`the fault ${fault}`, ({ faults }) => faults.includes(fault)))
    const broken = [...new Set(findings.filter(({ ok }) => !ok).map(({ name }) => name))]
    t.strictSame(broken, brokenBy(fault, findings), 'the examiner marks it')
    t.strictSame(findings.filter(wentOn).map(({ name }) => name), [], 'and sees that it was refused, where it must be')
  }

  /** Neither the relying party's log nor a page has anything of what was sent since. */
  async isDiscreet (t: Test, browser: Browser, page: Page, since: number): Promise<void> {
    const { entries } = await this.idp.ledger.query({ since, secrets: 'show', limit: 100 })
    const sent = entries.flatMap(({ parameters, answer }) => [parameters, answer])
      .flatMap(values => secretParameters.map(name => String(values[name] ?? '')))
    const cookies = (await browser.jar.getCookies(this.lab.app)).map(({ value }) => value)
    const secrets = [...sent, ...cookies, this.lab.settings['OIDC_CLIENT_SECRET']!].filter(secret => secret.length > 16)
    t.ok(secrets.length > 5, `${secrets.length} secrets to look for`)
    t.strictSame(await this.log.withAny(secrets), [], 'no secret is logged')
    t.strictSame(secrets.filter(secret => page.text.includes(secret)), [], 'nor shown')
  }

  /** Exactly one line tells of the request, as no failure of the relying party, and with the reason. */
  async isLogged (t: Test, method: string, page: Pick<Page, 'url' | 'status'>, ...reasons: (string | RegExp)[]): Promise<void> {
    const lines = await this.log.about(method, page)
    t.equal(lines.length, 1, `one line is logged: ${lines.map(({ msg }) => msg).join('\n')}`)
    t.ok(lines.every(({ level }) => level < 50), 'not as a failure of the relying party')
    for (const reason of reasons) t.match(lines[0]?.msg, reason, 'with the reason')
  }
}

/** A page that says what was wrong, from which nothing but a click leads on. */
export function isRefusal (t: Test, page: Page, { status, error, says }: Refused) {
  t.equal(page.status, status, `the status is ${status}`)
  t.equal(page.$('dl code').first().text(), error, 'the page has the error code')
  t.match(page.$('main').text(), says, 'and says what was wrong')
  t.notMatch(page.$('h1').text(), /went wrong here|^$/, 'in words that there are for it')
  t.match(page.$('a:contains("Try again")').attr('href'), /^\/login/, 'one can try again')
  t.notOk(page.headers.has('location') || page.headers.has('refresh') || page.$('meta[http-equiv], script').length > 0,
    'and nothing does so by itself')
}
