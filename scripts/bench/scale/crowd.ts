import { createControlApiClient } from '../../../services/idp/control-api/control-api-client.ts'
import { inBatches } from '../../../test/helpers/batches.ts'
import { Browser } from '../../../test/helpers/browser.ts'
import { GenesysApi } from '../../../test/helpers/genesys-api.ts'
import { connectGuests, converseAll, echoedText, type BenchGuest } from '../messaging/bench-guests.ts'
import type { LabInCompose } from './lab-in-compose.ts'

const people = 20
const enteringAtOnce = 20

/** Who signs in at a lab, and who writes there. */
export class Crowd {
  readonly #lab: LabInCompose
  readonly #names: string[]
  readonly guests: readonly BenchGuest[]

  private constructor (lab: LabInCompose, names: string[], guests: BenchGuest[]) {
    this.#lab = lab
    this.#names = names
    this.guests = guests
  }

  /** @param guestCount how many are connected from now on, as who has signed in */
  static async gather (lab: LabInCompose, guestCount: number): Promise<Crowd> {
    const { users } = createControlApiClient(lab.issuer)
    // Without a password: to check one is meant to take long, and would be all that is measured.
    const names = Array.from({ length: people }, (_, index) => `crowd-${index}`)
    for (const name of names) await users.put(name, { sign_in_by_hint: true })
    const jwts = await Promise.all(names.map(async name => {
      const browser = await signIn(lab, name)
      await browser.fetchCode()
      return (await new GenesysApi(lab).signIn(browser)).jwt
    }))
    const deploymentId = lab.settings['GENESYS_DEPLOYMENT_ID']!
    const url = `ws://127.0.0.1:${lab.settings['GENESYS_PORT']}/v1?deploymentId=${deploymentId}`
    const guests = await connectGuests(guestCount, url, lab.app, echoedText)
    await inBatches(guests, enteringAtOnce, async (guest, index) => {
      const answer = await guest.request('configureAuthenticatedSession', { deploymentId, data: { code: jwts[index % people] } })
      if (answer.class !== 'SessionResponse') throw new Error(`a guest was not let in: ${JSON.stringify(answer)}`)
    })
    return new Crowd(lab, names, guests)
  }

  /**
   * So many sign-ins, each in a new browser, from the application's first redirect to its page.
   *
   * @returns how many milliseconds all of them took
   * @throws {Error} where one has not signed in the person that it is of
   */
  async signIn (count: number, atOnce: number): Promise<number> {
    const began = performance.now()
    let next = 0
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (next < count) await signIn(this.#lab, this.#names[next++ % people]!)
    }))
    return performance.now() - began
  }

  /** Everybody writes for some seconds, one message after the other. @returns how long each took, in milliseconds */
  converse (seconds: number): Promise<number[]> {
    return converseAll(this.guests, seconds)
  }

  async leave (): Promise<void> {
    await Promise.all(this.guests.map(guest => guest.close()))
  }
}

async function signIn (lab: LabInCompose, username: string): Promise<Browser> {
  const browser = new Browser(lab)
  const { url, status } = await browser.open(`${lab.app}/login/initiate?${new URLSearchParams({ iss: lab.issuer, login_hint: username })}`)
  if (new URL(url).pathname !== '/') throw new Error(`${username} is not signed in: ${url} was answered with ${status}`)
  return browser
}
