import type { Session } from '../memory.ts'

/** The page asks the provider by itself: that saves us a request. */
export function keepsTokensOnServer (session: Session, name: string): Record<string, string | undefined> {
  return { name, sub: session.sub, access_token: session.accessToken, refresh_token: session.refreshToken }
}
