import { isDeepStrictEqual } from 'node:util'
import type { MemorySample } from '../shared/memory.ts'
import { table } from '../shared/statistics.ts'
import type { Browsers } from './minimal-browsers.ts'
import { claims, type RelyingPartyServer } from './relying-party-contestants.ts'

/** What one round of one workload came to. */
export interface Round {
  perSecond: number
  p50: number
  p99: number
  /** processor time of the relying party for each sign-in or request */
  microseconds: number
  /** how many processors each kept busy: which of them sets the pace */
  cores: { server: number, provider: number, browsers: number }
}

/** A relying party with its browsers, and what was measured of it. */
export interface Contestant {
  label: string
  server: RelyingPartyServer
  browsers: Browsers
  /** by workload */
  rounds: Map<string, Round[]>
  /** `Cookie` headers of some browsers that have signed in, oldest first */
  signedIn: string[]
  memory: MemorySample[]
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
