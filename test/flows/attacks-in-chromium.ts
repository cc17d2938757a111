import type { Browser as Chromium } from 'playwright-core'
import type { Test } from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { clickjacking } from './attacks/clickjacking.ts'
import { codeTheftByReferer } from './attacks/code-theft-by-referer.ts'
import { cookiesTossed } from './attacks/cookies-tossed-in-chromium.ts'
import { crossSiteRequests } from './attacks/cross-site-requests.ts'

const attacks: Record<string, (t: Test, lab: Lab, chromium: Chromium) => Promise<void>> = {
  'code theft through Referer': codeTheftByReferer,
  clickjacking,
  'cookie tossing': cookiesTossed,
  'cross-site requests': crossSiteRequests
}

/** Attackers with a site of their own, which the victim visits: what only a real browser can show. */
export async function attacksInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'a victim visits an attacker\'s site in Chromium')
  if (!chromium) return
  for (const [name, attack] of Object.entries(attacks)) await t.test(name, t => attack(t, lab, chromium))
}
