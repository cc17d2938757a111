import { randomBytes } from 'node:crypto'
import { wordsOf, type Page } from '#lib/browser/scriptless-browser.ts'
import { RealmClient } from '../attempts/realm-client.ts'
import type { Scene } from './scene.ts'
import { MoveRefused, refusalOf, Visitor } from './visitor.ts'

/** The relying party of the lab, as an attack finds it: with a person of its own, so that nobody else notices. */
export interface RealSite {
  /** without a slash at the end */
  app: string
  /** the issuer at the root */
  idp: RealmClient
  /** user name of somebody who is there for this attack alone; the password is `<user name>-lab` */
  username: string
}

/** The real relying party let an attack through: that would be a fault of the lab's. */
export class NotRefused extends Error {
  override name = 'NotRefused'
}

/**
 * Play an attack on the real relying party, and see how it refuses it.
 *
 * @param attack resolves with the page that it ended on
 * @returns the refusal in its own words
 * @throws {NotRefused} where the page is no refusal
 * @throws {MoveRefused} where nothing was tried, as there were too many sign-ins before it
 */
export async function refusedByReal (scene: Scene, attack: (site: RealSite) => Promise<Page>): Promise<string> {
  return atReal(scene, async site => {
    const page = await attack(site)
    if (page.status === 429) throw new MoveRefused('The relying party of the lab lets one address begin only so many sign-ins a minute. Try again in a minute.')
    if (page.status < 400) throw new NotRefused(`The relying party of the lab has answered ${page.status}: it should have refused. It says at ${page.url}: ${wordsOf(page).slice(0, 200)}`)
    return refusalOf(page)
  })
}

/** Do something at the real relying party, with a person who is gone afterwards. */
export async function atReal<T> (scene: Scene, work: (site: RealSite) => Promise<T>): Promise<T> {
  const idp = new RealmClient(scene.sites.issuer, '')
  const username = `lesson-${randomBytes(4).toString('hex')}`
  await idp.putUser(username, { claims: { name: 'Alice Anders', email: `${username}@example.com` } })
  try {
    return await work({ app: scene.sites.app, idp, username })
  } finally {
    await idp.removeUser(username)
  }
}

/** How the real relying party answers a sign-in that a fault of the provider has spoilt. */
export const refusedUnderFault = (scene: Scene, fault: string): Promise<string> => refusedByReal(scene, async ({ app, idp, username }) => {
  await idp.switchOn(fault, { username, count: 1 })
  const alice = new Visitor()
  const page = await alice.open(`${app}/login`)
  const action = /<form[^>]* action="([^"]+\/sign-in)"/.exec(page.text)?.[1]
  return action === undefined ? page : alice.open(new URL(action, page.url).href, { form: { username, password: `${username}-lab` } })
})

/**
 * How the real relying party answers each of several faults, one after another.
 *
 * @param faults each with what it makes of the answer, in words: “An ID token without a signature”
 */
export async function refusedUnderFaults (scene: Scene, faults: Record<string, string>): Promise<string> {
  const refusals: string[] = []
  for (const [fault, what] of Object.entries(faults)) refusals.push(`${what}: ${await refusedUnderFault(scene, fault)}`.replace(/\.?$/, '.'))
  return refusals.join(' ')
}
