// Why the person is signed out, when it was not their own doing in this browser.

import { tabStorage } from './browser-storage.js'
import { find } from './elements.js'
import { leadToSignIn } from './session.js'

/** sessionStorage: the person has read in this tab why they are signed out. */
const DISMISSED = 'ended-dismissed'

/** @type {Record<string, string>} */
const reasons = {
  expired: 'Your session has expired, so you are signed out.',
  signed_out_elsewhere: 'You were signed out here from another browser.',
  signed_out_at_provider: 'You were signed out here because the service that you sign in with has signed you out.',
  refused_by_provider: 'You were signed out because the service that you sign in with no longer confirms who you are.'
}

const notice = find('#ended', HTMLElement)
const reasonText = find('#ended-reason', HTMLElement)

leadToSignIn(find('#sign-in-again', HTMLAnchorElement))

find('#dismiss', HTMLButtonElement).addEventListener('click', () => {
  tabStorage.set(DISMISSED, 'true')
  notice.hidden = true
  find('main', HTMLElement).focus()
})

/**
 * Shows why the session has ended, if there is a reason to tell.
 * @param {import('./session.js').Session} session
 * @returns {string | undefined} the reason in words
 */
export function showEnded (session) {
  // With a new sign-in, the next end is another one.
  if (session.authenticated) tabStorage.remove(DISMISSED)
  const reason = session.authenticated ? undefined : session.ended?.reason
  const tell = reason !== undefined && tabStorage.get(DISMISSED) === null
  notice.hidden = !tell
  if (!tell) return undefined
  reasonText.textContent = reasons[reason] ?? 'You were signed out.'
  return reasonText.textContent
}
