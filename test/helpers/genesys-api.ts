import { fetch } from '#lib/outbound/outbound.ts'
import type { Exchange } from '../../services/genesys/auth/exchange-log.ts'
import { MessengerApi, type Handover } from '../kit/messenger-api.ts'
import type { Browser } from './browser.ts'
import type { LabDescription } from './lab.ts'

export type { Answer, Handover } from '../kit/messenger-api.ts'

/** Genesys' REST API, as the Messenger's script calls it, and what the lab says of that. */
export class GenesysApi extends MessengerApi {
  readonly #lab: LabDescription

  constructor (lab: LabDescription) {
    super({ url: lab.genesys, origin: lab.app, deploymentId: lab.settings['GENESYS_DEPLOYMENT_ID']! })
    this.#lab = lab
  }

  /** What `/lab/exchanges` says about the request whose error body had this contextId. */
  async explain (contextId: unknown): Promise<Exchange | undefined> {
    const response = await fetch(`${this.#lab.genesys}/lab/exchanges`)
    return (await response.json() as Exchange[]).find(exchange => exchange.contextId === contextId)
  }

  /** Sign in with a browser's session: the tokens that the Messenger would have. */
  async signIn (browser: Browser): Promise<{ jwt: string, refreshToken: string }> {
    const page = await browser.authCode()
    if (page.status !== 200) throw new Error(`the application has no code for the Messenger: ${page.status} ${page.text}`)
    return await this.redeem(page.json() as Handover)
  }
}
