import type { Test } from 'tap'
import type { Lab } from '../helpers/lab.ts'
import { availability } from './availability.ts'
import { callback } from './callback.ts'
import { chat } from './chat.ts'
import { discretion } from './discretion.ts'
import { exchange } from './exchange.ts'
import { inChromium } from './in-chromium.ts'
import { messengerCode } from './messenger-code.ts'
import { officialClient } from './official-client.ts'
import { signIn } from './sign-in.ts'
import { signOut } from './sign-out.ts'

/** Every flow, by what it is about. Each runs against the embedded lab and against Compose. */
export const flows: Record<string, (t: Test, lab: Lab) => Promise<void>> = {
  'signing in': signIn,
  'the callback': callback,
  'the code for the Messenger': messengerCode,
  'the exchange at Genesys': exchange,
  'the official client': officialClient,
  'the conversation': chat,
  'in Chromium': inChromium,
  'signing out': signOut,
  'services that come and go': availability,
  'what is logged': discretion
}
