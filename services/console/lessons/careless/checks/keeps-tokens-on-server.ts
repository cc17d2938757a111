import type { Session } from '../memory.ts'

/**
 * The page gets nothing that it does not need: who is signed in, and no token. A script that somebody has smuggled into the page reads
 * what the page can read.
 *
 * @returns what the scripts of the page are given
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-oauth-browser-based-apps#name-backend-for-frontend-bff
 */
export function keepsTokensOnServer (session: Session, name: string): Record<string, string | undefined> {
  return { name, sub: session.sub }
}
