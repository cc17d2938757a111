// The brand's page: shows who is signed in and lets them sign in and out.

import { clearAccount, showAccount } from './account.js'
import { Activity } from './activity.js'
import { showChatAvailability, showChatManner } from './chat-note.js'
import { announce, find } from './elements.js'
import { showEnded } from './ended-notice.js'
import { checkOwner, startMessenger } from './messenger.js'
import { fetchSession, leadToSignIn } from './session.js'
import { hearTabs, tellTabs } from './session-channel.js'
import { SessionEvents } from './session-events.js'
import { prepareSessionList, showSessionList } from './session-list.js'
import { allowSignOut } from './sign-out.js'

/** @typedef {import('./session.js').Session} Session */

const tryAgain = find('#try-again', HTMLButtonElement)

/** @type {Session | undefined} */
let shown

/** @type {'signed-in' | 'signed-out' | 'unknown' | 'loading'} */
let state = 'loading'

/** Questions to the server that were asked, and the one whose answer is shown. */
let asked = 0
let answered = 0

leadToSignIn(find('#sign-in', HTMLAnchorElement))

const events = new SessionEvents(() => {
  // Whether it is so, each tab asks the server itself.
  tellTabs(null)
  return follow(loadQuietly)
}, () => {
  if (state === 'unknown') update()
})

const activity = new Activity(() => {
  if (shown?.authenticated) loadQuietly().catch(() => {})
})

tryAgain.addEventListener('click', async () => {
  announce('Trying again…')
  await update()
  if (tryAgain.closest('[hidden]')) find('main', HTMLElement).focus()
})

hearTabs(update)

// Where the browser cannot say what has happened meanwhile, the server can.
document.addEventListener('resume', update)
document.addEventListener('visibilitychange', async () => {
  if (document.visibilityState !== 'visible') return
  await update()
  if (shown?.authenticated) await showSessionList(shown)
})

// "Back" after signing out must not bring a frozen copy of the signed-in page to life.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})

await update()

async function update () {
  // loadSession says on the page when it fails.
  await follow(loadSession).catch(() => {})
}

/**
 * Asks who is signed in, and has the Messenger follow.
 * @param {() => Promise<Session>} load
 */
async function follow (load) {
  const session = await load()
  await startMessenger({ session, loadSession, onAvailability: showChatAvailability, onDeployment: showChatManner, onActivity: () => activity.note() })
  await checkOwner(session)
}

/** Asks the server who is signed in and shows the answer. */
async function loadSession () {
  try {
    return await loadQuietly()
  } catch (error) {
    showState('unknown')
    announce('We could not load your account.')
    throw error
  }
}

/** As `loadSession`, for questions that the person knows nothing of: without an answer, what is shown stays. */
async function loadQuietly () {
  const turn = ++asked
  const session = await fetchSession()
  // The answer to a later question may have been faster.
  if (turn > answered) {
    answered = turn
    showSession(session)
  }
  return session
}

/** @param {Session} session */
function showSession (session) {
  const before = whoIs(shown)
  const known = state === 'signed-in' || state === 'signed-out'
  shown = session
  const reason = showEnded(session)
  const news = !known || whoIs(session) !== before
  if (session.authenticated) {
    const name = showAccount(session)
    allowSignOut(session.csrfToken)
    if (before !== session.user.sub) {
      prepareSessionList()
      showSessionList(session)
    }
    showState('signed-in')
    if (news) announce(`Signed in as ${name}`)
  } else {
    clearAccount()
    allowSignOut('')
    showState('signed-out')
    if (news) announce(reason ?? 'You are signed out')
  }
  tellTabs(whoIs(session))
  events.follow(session.authenticated)
}

/** @param {Session | undefined} session */
function whoIs (session) {
  return session?.authenticated ? session.user.sub : null
}

/** @param {'signed-in' | 'signed-out' | 'unknown'} now */
function showState (now) {
  state = now
  for (const element of document.querySelectorAll('[data-when]')) {
    element.toggleAttribute('hidden', element.getAttribute('data-when') !== state)
  }
}
