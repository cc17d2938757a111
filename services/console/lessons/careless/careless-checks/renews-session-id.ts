import { randomBytes } from 'node:crypto'

/** The browser has a session id already: that saves making one. */
export function renewsSessionId (presented: string | undefined): string {
  return presented ?? randomBytes(16).toString('base64url')
}
