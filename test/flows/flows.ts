import type { Test } from 'tap'
import type { Lab } from '../helpers/lab.ts'
import { accessTokens } from './access-tokens.ts'
import { attachments } from './attachments.ts'
import { attacksInChromium } from './attacks-in-chromium.ts'
import { attacksOnSignIn } from './attacks.ts'
import { authProviderInChromium } from './auth-provider-in-chromium.ts'
import { availability } from './availability.ts'
import { callback } from './callback.ts'
import { chat } from './chat.ts'
import { labClock } from './clock.ts'
import { deskInChromium } from './desk-in-chromium.ts'
import { desk } from './desk.ts'
import { discretion } from './discretion.ts'
import { exchange } from './exchange.ts'
import { expiry } from './expiry.ts'
import { inChromium } from './in-chromium.ts'
import { instrumentInChromium } from './instrument-in-chromium.ts'
import { instrument } from './instrument.ts'
import { kill } from './kill.ts'
import { limits } from './limits.ts'
import { load } from './load.ts'
import { manySignIns } from './many-sign-ins.ts'
import { messengerCode } from './messenger-code.ts'
import { messengerWindowInChromium } from './messenger-window-in-chromium.ts'
import { noMessageLostInChromium } from './no-message-lost-in-chromium.ts'
import { officialClient } from './official-client.ts'
import { ownSessions } from './own-sessions.ts'
import { pageApiInChromium } from './page-api-in-chromium.ts'
import { refresh } from './refresh.ts'
import { sessionsInChromium } from './sessions-in-chromium.ts'
import { severalTabsInChromium } from './several-tabs-in-chromium.ts'
import { refusals } from './refusals.ts'
import { signIn } from './sign-in.ts'
import { signOutByProvider } from './sign-out-by-provider.ts'
import { signOut } from './sign-out.ts'
import { silentCodeInChromium } from './silent-code-in-chromium.ts'
import { silentSignInInChromium } from './silent-sign-in-in-chromium.ts'
import { stepUpInChromium } from './step-up-in-chromium.ts'
import { stepUp } from './step-up.ts'
import { tabsInChromium } from './tabs-in-chromium.ts'
import { uploadsInChromium } from './uploads-in-chromium.ts'

type Flows = Record<string, (t: Test, lab: Lab) => Promise<void>>

/** Every flow, by what it is about. Each runs against the embedded lab and against Compose. */
export const flows: Flows = {
  'signing in': signIn,
  'the callback': callback,
  'attacks on a sign-in': attacksOnSignIn,
  'one\'s own sessions': ownSessions,
  'the access token': accessTokens,
  'the code for the Messenger': messengerCode,
  'the exchange at Genesys': exchange,
  'the official client': officialClient,
  'the conversation': chat,
  'files in the conversation': attachments,
  'signing in during a conversation': stepUp,
  'sessions that expire': expiry,
  'how much a guest may send': limits,
  'the agent desk': desk,
  'the identity provider as an instrument': instrument,
  'the lab\'s clock': labClock,
  'signing out': signOut,
  'signing out at the provider': signOutByProvider,
  'staying signed in': refresh,
  'services that come and go': availability,
  'many sign-ins at once': manySignIns,
  'many guests at once': load,
  'Genesys, killed': kill,
  'every fault of the identity provider': refusals,
  'what is logged': discretion
}

/** The flows of which a real browser is a part. */
export const flowsInChromium: Flows = {
  'signing in and chatting': inChromium,
  'the identity provider as an instrument': instrumentInChromium,
  'what the page can ask of the Messenger': pageApiInChromium,
  'that no message is lost': noMessageLostInChromium,
  'what changes behind a window\'s back': severalTabsInChromium,
  'files that a page sends': uploadsInChromium,
  'what the Messenger asks of the page': authProviderInChromium,
  'signing in during a conversation': stepUpInChromium,
  'the Messenger\'s window': messengerWindowInChromium,
  'attacks from somebody\'s site': attacksInChromium,
  'what tabs know of each other': tabsInChromium,
  'where a person is signed in': sessionsInChromium,
  'the Messenger\'s next code': silentCodeInChromium,
  'the Messenger\'s next code from a provider of another site': silentSignInInChromium,
  'the agent desk': deskInChromium
}
