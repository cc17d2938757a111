// https://authjs.dev: what Next.js applications know as NextAuth, for Express.
import { inProcessOf } from './application.ts'
import type { RelyingParty } from './trial.ts'

const signature = 'it trusts the connection to the token endpoint, and checks no signature'

export const authExpress = {
  name: '@auth/express 0.12.3',
  callbackPath: '/auth/callback/lab',
  meets: ['discovery', 'authorization-response', 'token-endpoint', 'id-token', 'end-session'],
  otherwise: {
    'discovery-missing-field': 'it needs no jwks_uri, since it checks no signature',
    'token-endpoint-wrong-content-type': 'it parses whatever comes as JSON',
    'id-token-invalid-azp': 'it looks at azp only when there are several audiences',
    'id-token-invalid-signature': signature,
    'id-token-wrong-key': signature,
    'id-token-unknown-kid': signature,
    'id-token-no-kid-several-keys': signature
  },
  host: (t, idp) => inProcessOf(t, [process.execPath, 'auth-express-applications.js'], idp),
  // By a form of the library's own page.
  signIn: async (browser, origin) => browser.submit(await browser.open(`${origin}/auth/signin?callbackUrl=${origin}/`), {}, 'Sign in with the lab')
} satisfies RelyingParty
