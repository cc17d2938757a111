// What the page says of the chat, when there is none too, and what the person can do about it.

import { messengerSignInUrl } from './addresses.js'
import { find } from './elements.js'
import { expectCode } from './next-code.js'
import { signInUrl } from './session.js'

const words = find('#chat-note-words', HTMLElement)
const way = find('#chat-note-way', HTMLAnchorElement)

way.addEventListener('click', expectCode)

/** @type {Record<string, string>} */
const reasons = {
  login_required: 'The chat needs you to sign in again: the service that you sign in with does not know you here any more.',
  no_deployment: 'There is no chat here: the messaging service does not know the deployment that this page names, or not for this host.',
  access_denied: 'There is no chat, as the service that you sign in with was not allowed to let it in.',
  provider_unavailable: 'Chat is not available right now: the service that you sign in with does not answer.',
  pushed_requests_only: 'There is no chat: the service that you sign in with takes pushed requests only, and only Genesys could push this one.',
  no_answer: 'Chat is not available right now: the service that you sign in with did not answer when it was asked for it.',
  server_error: 'Chat is not available right now: the service that you sign in with has a problem.',
  temporarily_unavailable: 'Chat is not available right now: the service that you sign in with is busy.'
}

/**
 * @param {boolean} available
 * @param {string} [reason] an error code, where it is known why; the reason stays until there is another, or a chat
 */
export function showChatAvailability (available, reason) {
  if (!available && reason === undefined && words.textContent !== '') return
  words.textContent = available ? '' : textOf(reason)
  way.hidden = available || reason === undefined || reason === 'no_deployment'
  if (reason === 'login_required') {
    way.textContent = 'Sign in again'
    way.href = signInUrl()
  } else {
    way.textContent = 'Try again'
    // It shows whatever the service has to say, so it is a matter of a click.
    way.href = messengerSignInUrl()
  }
}

/**
 * Says whether one has to sign in to the chat, or may, or cannot.
 * @param {import('./messenger.js').ChatManner} manner
 */
export function showChatManner (manner) {
  for (const element of document.querySelectorAll('[data-chat]')) {
    element.toggleAttribute('hidden', element.getAttribute('data-chat') !== manner)
  }
}

/** @param {string} [reason] */
function textOf (reason) {
  if (reason === undefined) return 'Chat is not available right now.'
  return reasons[reason] ?? `Chat is not available: the service that you sign in with does not let it in (${reason}).`
}
