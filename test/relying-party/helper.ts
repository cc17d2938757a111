import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Test } from 'tap'
import type { PageRequest } from '#lib/browser/scriptless-browser.ts'
import type { Server } from '#lib/server/http-server.ts'
import type { ServerConfig } from '#lib/settings/settings.ts'
import { buildRelyingParty } from '../../services/relying-party/app.ts'
import { loadRelyingPartyConfig, type RelyingPartyConfig } from '../../services/relying-party/config.ts'
import { FormBrowser, injectedInto, type Page } from '../helpers/browser.ts'
import { freePorts, labSettings } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { startIdp, Visitor, type Idp } from '../idp/helper.ts'

// Never given to a test that asks for a free port, as one that was free a moment ago may be.
const nobodysPort = '2'

/** The relying party with nobody at the address of its identity provider; it ends with the test. */
export async function buildAlone (t: Test, settings: Record<string, string> = {}, log?: ServerConfig['log']['destination']) {
  const config = loadRelyingPartyConfig(labSettings({
    LOG_LEVEL: 'silent', LOG_FORMAT: 'json', STATE_DIR: settings['STATE_DIR'] ?? temporaryFolder(t), IDP_PORT: nobodysPort, ...settings
  }))
  const app = await buildRelyingParty(log ? { ...config, log: { ...config.log, destination: log } } : config)
  t.teardown(() => app.close())
  return { app, config, tab: () => new Tab(app, config) }
}

/** No limit that tests would come to. */
export const unlimited = { SIGN_IN_RATE_LIMIT: '1000000' }

/** The relying party with a real identity provider, which it talks to over a socket, and no limit to sign-ins. */
export async function buildWithIdp (t: Test, settings: Record<string, string> = {}) {
  const all = { STATE_DIR: temporaryFolder(t), ...unlimited, ...await freePorts(), ...settings }
  const idp = await startIdp(t, all)
  await idp.app.listen({ host: '127.0.0.1', port: idp.config.port })
  return { idp, settings: all, ...await buildAlone(t, all) }
}

/**
 * SQLite answers these as it does on a full disk.
 *
 * @returns makes room again, which the end of the test does at the latest
 */
export function fillDisk (t: Test, config: RelyingPartyConfig, ...statements: ('INSERT' | 'UPDATE' | 'DELETE')[]): () => void {
  const database = new DatabaseSync(join(config.stateFolder, 'relying-party.sqlite'))
  for (const statement of statements) {
    database.exec(`CREATE TRIGGER no_room_to_${statement} BEFORE ${statement} ON entry
      BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END`)
  }
  const makeRoom = () => {
    for (const statement of statements) database.exec(`DROP TRIGGER IF EXISTS no_room_to_${statement}`)
  }
  t.teardown(() => {
    makeRoom()
    database.close()
  })
  return makeRoom
}

/** A browser's tab at the relying party, which follows no redirect. */
export class Tab extends FormBrowser {
  readonly #app: string

  constructor (app: Server, config: RelyingPartyConfig) {
    super({ fetch: injectedInto({ [config.app]: app }) })
    this.#app = config.app
  }

  /** By a path, which may begin with two slashes. */
  override request (path: string, options?: PageRequest): Promise<Page> {
    return super.request(this.#app + path, options)
  }

  get (path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.request(path, { headers })
  }

  post (path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.request(path, { method: 'POST', headers })
  }

  /** Start a sign-in; returns the state of the request. */
  async startSignIn (returnTo = '/'): Promise<string> {
    const { location } = await this.get(`/login?${new URLSearchParams({ return_to: returnTo })}`)
    return location?.searchParams.get('state') ?? ''
  }

  /** Sign in at the identity provider: path and query that the browser would come back to. */
  async answerOfSignIn (idp: Idp, username: string): Promise<string> {
    const { location } = await this.get('/login')
    const visitor = new Visitor(idp)
    const { password } = idp.config.users.find(user => user.username === username)!
    const answer = await visitor.submit(await visitor.open(location!.href), { username, password }, 'Sign in')
    return `${answer.location!.pathname}${answer.location!.search}`
  }

  /** Sign in, up to and with the answer to the callback. */
  async signIn (idp: Idp, username: string): Promise<Page> {
    return this.get(await this.answerOfSignIn(idp, username))
  }

  async cookieNames (): Promise<string[]> {
    return (await this.jar.getCookies(this.#app)).map(({ key }) => key)
  }

  /** What it would send, as in the header. */
  async cookieHeader (): Promise<string> {
    return this.jar.getCookieString(this.#app)
  }
}
