import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { chat } from './chat.ts'
import { inChromium } from './in-chromium.ts'
import { messengerCode } from './messenger-code.ts'
import { signIn } from './sign-in.ts'
import { signOut } from './sign-out.ts'

const lab = await startEmbeddedLab(t, { LOCALHOST_SUBDOMAINS: 'off' })

t.test('no part has a name that a system may not know', async t => {
  for (const url of [lab.app, lab.issuer, lab.genesys]) t.match(new URL(url).hostname, /^(localhost|127\.0\.0\.1)$/)
  t.not(new URL(lab.app).hostname, new URL(lab.issuer).hostname, 'the application and its provider are two sites')
})

const flows = {
  'signing in': signIn,
  'the code for the Messenger': messengerCode,
  'the conversation': chat,
  'signing out': signOut,
  'a person, in Chromium': inChromium
}
for (const [about, flow] of Object.entries(flows)) t.test(about, t => flow(t, lab))
