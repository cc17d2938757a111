import { Refused } from '../refused.ts'
import type { Transaction } from '../memory.ts'

/**
 * The second code, for the chat, is about whoever is signed in here: it answers a request of this browser, made in this session.
 *
 * @param browserCookie of the browser that brings the code
 * @param session the session that it has
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.7
 */
export function bindsMessengerCode (transaction: Transaction, browserCookie: string | undefined, session: string | undefined): void {
  if (transaction.browser !== browserCookie || transaction.session !== session) {
    throw new Refused('This code for the chat was asked for in another browser, or in another session.')
  }
}
