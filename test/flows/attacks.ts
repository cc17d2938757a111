import type { Test } from 'tap'
import type { Lab } from '../helpers/lab.ts'
import { codeInjection } from './attacks/code-injection.ts'
import { codeReplay } from './attacks/code-replay.ts'
import { loginCsrf } from './attacks/login-csrf.ts'
import { logoutCsrf } from './attacks/logout-csrf.ts'
import { messengerCodeCsrf } from './attacks/messenger-code-csrf.ts'
import { nonceReplay } from './attacks/nonce-replay.ts'
import { pkceDowngrade } from './attacks/pkce-downgrade.ts'
import { sessionFixation } from './attacks/session-fixation.ts'

const attacks: Record<string, (t: Test, lab: Lab) => Promise<void>> = {
  'login CSRF': loginCsrf,
  'code injection': codeInjection,
  'code replay': codeReplay,
  'nonce replay': nonceReplay,
  'PKCE downgrade': pkceDowngrade,
  'session fixation': sessionFixation,
  'logout CSRF': logoutCsrf,
  'CSRF on the Messenger\'s code': messengerCodeCsrf
}

/** Attackers with a browser and an account of their own. What needs the relying party alone is in test/relying-party. */
export async function attacksOnSignIn (t: Test, lab: Lab) {
  for (const [name, attack] of Object.entries(attacks)) await t.test(name, t => attack(t, lab))
}
