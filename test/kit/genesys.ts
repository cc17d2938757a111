import type { ControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { DeskApi } from './desk-api.ts'
import { Desk } from './desk.ts'
import type { FailureReports } from './failure-report.ts'
import { Guest } from './guest.ts'
import { MessengerApi, type Handover } from './messenger-api.ts'
import { ScriptlessBrowser } from '../../services/lib/browser/scriptless-browser.ts'
import { signInBrowser } from './signed-in.ts'

/** What a page that embeds the Messenger is told. */
export interface MessengerSettings {
  /** the Messenger's script */
  scriptUrl: string
  /** the region, as the snippet has it */
  environment: string
  deploymentId: string
}

/** Which of the lab's deployments, by the names that the application has for them; that of the host page where left out. */
export interface DeploymentOptions {
  deployment?: 'step-up' | 'anonymous'
}

/** The stand-in for Genesys Cloud's messaging. Its users are those of the issuer at the root. */
export class Genesys {
  readonly url: string
  /** where people answer in place of the script */
  readonly desk: Desk
  readonly #api: ControlApiClient
  readonly #app: string
  readonly #reports: FailureReports
  readonly #guests = new Set<Guest>()

  /**
   * @param api of the issuer at the root
   * @param options.app origin of the application, by which guests sign in
   *
   * @internal
   */
  constructor (api: ControlApiClient, { url, app, reports }: { url: string, app: string, reports: FailureReports }) {
    this.url = url
    this.#api = api
    this.#app = app
    this.#reports = reports
    this.desk = new Desk(new DeskApi(url), async username => (await api.users.get(username)).sub, expected => reports.note(expected))
  }

  /** What a page that embeds the Messenger is to be told. */
  messenger ({ deployment }: DeploymentOptions = {}): Promise<MessengerSettings> {
    return this.#settingsOf(new ScriptlessBrowser(), deployment)
  }

  /**
   * A guest, who has joined the chat.
   *
   * @param username who signs in at the application, and there gets the code for the chat; nobody where left out
   * @param options.deployment where left out `anonymous` for a guest without a name
   */
  async guest (username?: string, { deployment }: DeploymentOptions = {}): Promise<Guest> {
    const browser = username === undefined ? new ScriptlessBrowser() : await signInBrowser(this.#api, username, { through: `${this.#app}/login` })
    const { deploymentId } = await this.#settingsOf(browser, deployment ?? (username === undefined ? 'anonymous' : undefined))
    const messenger = new MessengerApi({ url: this.url, origin: this.#app, deploymentId })
    const handover = username === undefined ? undefined : await this.#handoverTo(browser)
    const socket = await messenger.connect()
    const { code, body } = handover
      ? await messenger.configure(socket, (await messenger.redeem(handover)).jwt)
      : await messenger.configureAnonymously(socket)
    if (code !== 200) {
      await socket.close()
      throw new Error(`${username ?? 'A guest without a name'} is not let in: ${code} ${JSON.stringify(body)}`)
    }
    const guest = await Guest.join(socket, { username, note: expected => this.#reports.note(expected, { user: username }) })
    this.#guests.add(guest)
    return guest
  }

  /**
   * Have all guests leave, whose connections would keep the process.
   *
   * @internal
   */
  async end (): Promise<void> {
    await Promise.all([...this.#guests].map(guest => guest.leaves()))
  }

  async #settingsOf (browser: ScriptlessBrowser, deployment: string | undefined): Promise<MessengerSettings> {
    try {
      if (deployment !== undefined) await browser.open(`${this.#app}/?${new URLSearchParams({ deployment })}`)
      return JSON.parse((await browser.request(`${this.#app}/messenger/config`)).text)
    } catch (cause) {
      throw new Error(`No application answers at ${this.#app}: the chat needs a lab with services 'relying-party' and 'genesys'.`, { cause })
    }
  }

  /** What the page hands to the Messenger: an authorization code for Genesys, and what belongs to it. */
  async #handoverTo (browser: ScriptlessBrowser): Promise<Handover> {
    const json = { accept: 'application/json' }
    await browser.open(`${this.#app}/messenger/login`)
    const { csrfToken } = JSON.parse((await browser.request(`${this.#app}/session`, { headers: json })).text)
    const { status, text } = await browser.request(`${this.#app}/messenger/auth-code`, { method: 'POST', headers: { ...json, 'csrf-token': csrfToken } })
    if (status !== 200) throw new Error(`The application has no code for the Messenger: ${status} ${text}`)
    return JSON.parse(text)
  }
}
