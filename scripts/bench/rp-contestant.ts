import { isDeepStrictEqual } from 'node:util'
import type { Look } from './memory.ts'
import type { Browsers } from './rp-browser.ts'
import type { Round } from './rp-rounds.ts'
import { claims, type RelyingPartyServer } from './rp-servers.ts'
import { table } from './statistics.ts'

/** A relying party with its browsers, and what was measured of it. */
export interface Contestant {
  label: string
  server: RelyingPartyServer
  browsers: Browsers
  /** by workload */
  rounds: Map<string, Round[]>
  /** `Cookie` headers of some browsers that have signed in, oldest first */
  signedIn: string[]
  looks: Look[]
}

/** What a browser sends with each request once it is signed in. */
export function cookieSizes (contestants: Contestant[]): string {
  return table([
    ['cookies of a browser that is signed in', 'bytes', 'cookies', 'names'],
    ...contestants.map(({ label, signedIn }) => {
      const cookies = signedIn.at(-1)!
      const names = cookies.split('; ').map(pair => pair.slice(0, pair.indexOf('=')))
      return [label, String(Buffer.byteLength(cookies)), String(names.length), names.join(', ')]
    })
  ])
}

/**
 * Ask each relying party who the browsers are that have signed in.
 *
 * @throws {Error} where a session is not there, lacks a claim, or is another's
 */
export async function check (contestants: Contestant[]): Promise<string> {
  const counts = await Promise.all(contestants.map(async ({ label, browsers, signedIn }) => {
    const subjects = new Set<unknown>()
    for (const cookie of signedIn) {
      const { sub, ...others } = (await browsers.whoIsSignedIn(cookie)).user ?? {}
      if (!isDeepStrictEqual(others, claims)) throw new Error(`${label} does not know whom it has signed in`)
      subjects.add(sub)
    }
    if (subjects.size < signedIn.length) throw new Error(`${label} takes ${signedIn.length} people for ${subjects.size}`)
    if ((await browsers.whoIsSignedIn('')).user) throw new Error(`${label} takes a stranger for somebody`)
    return signedIn.length
  }))
  return `checked: the claims of ${counts.join(', ')} sessions of all rounds, which no two people share; a stranger has none`
}
