import type { Test } from 'tap'
import type { Lab } from '../helpers/lab.ts'
import { withOwnPeople } from '../helpers/own-people.ts'
import { accessTokens } from './access-tokens.ts'
import { accessibilityInChromium } from './accessibility-in-chromium.ts'
import { anyPageInChromium } from './any-page-in-chromium.ts'
import { attachments } from './attachments.ts'
import { clickjacking } from './attacks/clickjacking.ts'
import { codeInjection } from './attacks/code-injection.ts'
import { codeReplay } from './attacks/code-replay.ts'
import { codeTheftByReferer } from './attacks/code-theft-by-referer.ts'
import { cookiesTossed } from './attacks/cookies-tossed-in-chromium.ts'
import { crossSiteRequests } from './attacks/cross-site-requests.ts'
import { loginCsrf } from './attacks/login-csrf.ts'
import { logoutCsrf } from './attacks/logout-csrf.ts'
import { messengerCodeCsrf } from './attacks/messenger-code-csrf.ts'
import { nonceReplay } from './attacks/nonce-replay.ts'
import { pkceDowngrade } from './attacks/pkce-downgrade.ts'
import { sessionFixation } from './attacks/session-fixation.ts'
import { authProviderInChromium } from './auth-provider-in-chromium.ts'
import { availability } from './availability.ts'
import { callback } from './callback.ts'
import { chat } from './chat.ts'
import { labClock } from './clock.ts'
import { consoleHomeInChromium } from './console-home-in-chromium.ts'
import { controlsClockInChromium } from './controls-clock-in-chromium.ts'
import { controlsInChromium } from './controls-in-chromium.ts'
import { deskInChromium } from './desk-in-chromium.ts'
import { desk } from './desk.ts'
import { discretion } from './discretion.ts'
import { exchange } from './exchange.ts'
import { exports } from './exports.ts'
import { exportsInChromium } from './exports-in-chromium.ts'
import { expiredSessionInChromium } from './expired-session-in-chromium.ts'
import { expiry } from './expiry.ts'
import { inChromium } from './in-chromium.ts'
import { instrumentInChromium } from './instrument-in-chromium.ts'
import { instrument } from './instrument.ts'
import { kill } from './kill.ts'
import { layoutInChromium } from './layout-in-chromium.ts'
import { limits } from './limits.ts'
import { lessonsAnywhere } from './lessons.ts'
import { lessonsInChromium } from './lessons-in-chromium.ts'
import { liveView } from './live-view.ts'
import { load } from './load.ts'
import { manySignIns } from './many-sign-ins.ts'
import { liveViewInChromium } from './live-view-in-chromium.ts'
import { liveViewOfAnotherApplicationInChromium } from './live-view-of-another-application-in-chromium.ts'
import { liveViewOverTimeInChromium } from './live-view-over-time-in-chromium.ts'
import { messengerCode } from './messenger-code.ts'
import { messengerStatesInChromium } from './messenger-states-in-chromium.ts'
import { messengerWindowInChromium } from './messenger-window-in-chromium.ts'
import { noMessageLostInChromium } from './no-message-lost-in-chromium.ts'
import { officialClient } from './official-client.ts'
import { ownSessions } from './own-sessions.ts'
import { pageApiContractInChromium } from './page-api-contract-in-chromium.ts'
import { pageApiInChromium } from './page-api-in-chromium.ts'
import { publicPagesInChromium } from './public-pages-in-chromium.ts'
import { refresh } from './refresh.ts'
import { refusals } from './refusals.ts'
import { reset } from './reset.ts'
import { restarts } from './restarts.ts'
import { sessionsInChromium } from './sessions-in-chromium.ts'
import { severalTabsInChromium } from './several-tabs-in-chromium.ts'
import { signIn } from './sign-in.ts'
import { signOutByProvider } from './sign-out-by-provider.ts'
import { signOut } from './sign-out.ts'
import { silentCodeInChromium } from './silent-code-in-chromium.ts'
import { silentSignInInChromium } from './silent-sign-in-in-chromium.ts'
import { stageInChromium } from './stage-in-chromium.ts'
import { stepUpInChromium } from './step-up-in-chromium.ts'
import { stepUp } from './step-up.ts'
import { tabsInChromium } from './tabs-in-chromium.ts'
import { uploadsInChromium } from './uploads-in-chromium.ts'

type Flow = (t: Test, lab: Lab) => Promise<void>
type Flows = Record<string, Flow>

/**
 * Flows that can run beside each other in one lab, each with people of its own: they change nothing that others would notice.
 * These and the next run against the embedded lab, against Compose, and against Compose with three replicas of each service.
 */
export const flowsSideBySide: Flows = {
  'sessions that expire': expiry,
  'the conversation': chat,
  'staying signed in': refresh,
  'signing in': signIn,
  'one\'s own sessions': ownSessions,
  'the exchange at Genesys': exchange,
  'the code for the Messenger': messengerCode,
  'how much a guest may send': limits,
  'the agent desk': desk,
  'the lessons': lessonsAnywhere,
  'what people take along of a journey': exports,
  'the callback': callback,
  'signing out': signOut,
  'files in the conversation': attachments,
  'signing in during a conversation': stepUp,
  'the official client': officialClient,
  'what is logged': discretion,
  'logout CSRF': logoutCsrf,
  'code injection': codeInjection,
  'login CSRF': loginCsrf,
  'CSRF on the Messenger\'s code': messengerCodeCsrf,
  'session fixation': sessionFixation
}

/**
 * Flows that need a lab to themselves: they stop services, move the clock, change a client or the keys, are a crowd, or look at what
 * was recorded, of which whoever floods a service beside them leaves the latest alone.
 */
export const flowsAlone: Flows = {
  'the live view': async (t, lab) => liveView(t, await withOwnPeople(t, lab)),
  'the access token': accessTokens,
  'the identity provider as an instrument': instrument,
  'the lab\'s clock': labClock,
  'putting everything back': reset,
  'signing out at the provider': signOutByProvider,
  'code replay': codeReplay,
  'nonce replay': nonceReplay,
  'PKCE downgrade': pkceDowngrade,
  'many sign-ins at once': manySignIns,
  'many guests at once': load,
  'restarts of Genesys': restarts,
  'services that come and go': availability,
  'services, killed': kill
}

/** The longest of those that need a lab to themselves. */
export const flowsWithFaults: Flows = {
  'every fault of the identity provider': refusals
}

/**
 * Those of them that run once more behind TLS: what goes over each kind of connection, and every attack, since cookies are others there.
 */
export const flowsBehindTls = {
  sideBySide: {
    'signing in': signIn,
    'the conversation': chat,
    'staying signed in': refresh,
    'signing out': signOut,
    'files in the conversation': attachments,
    'signing in during a conversation': stepUp,
    'logout CSRF': logoutCsrf,
    'code injection': codeInjection,
    'login CSRF': loginCsrf,
    'CSRF on the Messenger\'s code': messengerCodeCsrf,
    'session fixation': sessionFixation
  },
  alone: {
    'the live view': async (t: Test, lab: Lab) => liveView(t, await withOwnPeople(t, lab)),
    'the lab\'s clock': labClock,
    'signing out at the provider': signOutByProvider,
    'code replay': codeReplay,
    'nonce replay': nonceReplay,
    'PKCE downgrade': pkceDowngrade
  },
  inChromium: {
    'signing in and chatting': inChromium,
    'files that a page sends': uploadsInChromium,
    'cross-site requests': crossSiteRequests,
    clickjacking,
    'code theft through Referer': codeTheftByReferer,
    'cookie tossing': cookiesTossed
  }
} satisfies Record<string, Flows>

/** And of those, what goes through Caddy in Compose. */
export const flowsBehindCaddy: Flows = {
  'signing in': signIn,
  'the conversation': chat,
  'files in the conversation': attachments,
  'signing out': signOut
}

/** The flow of which a real browser is a part, and that runs in Compose too. */
export const firstInChromium: Flows = {
  'signing in and chatting': inChromium
}

/** Of the pages of the console. */
export const flowsOfConsoleInChromium: Flows = {
  'the lessons': lessonsInChromium,
  'the home of the console': consoleHomeInChromium,
  'the live view in a browser': liveViewInChromium,
  'the live view of another application': liveViewOfAnotherApplicationInChromium,
  'the stage in a browser': stageInChromium,
  'the controls': controlsInChromium,
  'the live view over time': liveViewOverTimeInChromium,
  'what people take along of a journey, in a browser': exportsInChromium
}

/**
 * The flows of the Messenger's window and script with a real browser, the longest first. They run against the embedded lab, each
 * with a lab to itself.
 */
export const flowsOfMessengerInChromium: Flows = {
  'the Messenger\'s window through a conversation': messengerStatesInChromium,
  'the Messenger\'s window': messengerWindowInChromium,
  'whether everything has its place': layoutInChromium,
  'that no message is lost': noMessageLostInChromium,
  'the Messenger\'s script on any page': anyPageInChromium,
  'what the page can ask of the Messenger': pageApiInChromium,
  'every command of the page API': pageApiContractInChromium,
  'pages in the manner of public ones': publicPagesInChromium,
  'what the Messenger asks of the page': authProviderInChromium,
  'files that a page sends': uploadsInChromium
}

/** The other flows with a real browser, as those. */
export const flowsInChromium: Flows = {
  'where a person is signed in': sessionsInChromium,
  'what tabs know of each other': tabsInChromium,
  'signing in during a conversation': stepUpInChromium,
  ...firstInChromium,
  'what changes behind a window\'s back': severalTabsInChromium,
  'the Messenger\'s next code': silentCodeInChromium,
  'the agent desk': deskInChromium,
  accessibility: accessibilityInChromium,
  'the Messenger\'s next code from a provider of another site': silentSignInInChromium,
  'the identity provider as an instrument': instrumentInChromium,
  'cross-site requests': crossSiteRequests,
  clickjacking,
  'code theft through Referer': codeTheftByReferer,
  'cookie tossing': cookiesTossed
}

/** Those that move the clock, which all labs of a process go by. */
export const flowsByClockInChromium: Flows = {
  'a session that has expired': expiredSessionInChromium,
  'the clock on the pages of the console': controlsClockInChromium
}
