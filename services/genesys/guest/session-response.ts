import type { Deployment } from '../deployments.ts'
import type { GuestSession } from '../conversations/sessions.ts'
import { allowedMediaOf, blockedExtensions, maxCustomDataBytes } from './limits.ts'

/** Body of the answer to a configure request (`SessionResponse`). */
export function sessionResponse (
  session: GuestSession,
  deployment: Deployment,
  { newSession = false, clearedExistingSession = false }: { newSession?: boolean, clearedExistingSession?: boolean }
) {
  return {
    connected: true,
    newSession,
    readOnly: session.readOnly,
    clearedExistingSession,
    allowedMedia: allowedMediaOf(deployment),
    blockedExtensions,
    maxCustomDataBytes,
    durationSeconds: session.durationSeconds,
    expirationDate: expirationDateOf(session)
  }
}

/** When a session expires, in seconds of the epoch as on the wire. */
export const expirationDateOf = ({ expiresAt }: GuestSession) => Math.floor(expiresAt / 1000)
