import { randomBytes } from 'node:crypto'

/**
 * Who signs in gets a new session id. The one that the browser came with may be known to whoever has put it there.
 *
 * @param presented the session id that the browser came with
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html#renew-the-session-id-after-any-privilege-level-change
 */
export function renewsSessionId (_presented: string | undefined): string {
  return randomBytes(16).toString('base64url')
}
