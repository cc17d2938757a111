import type { Deployment } from '../../deployments/deployments-file.ts'
import { blockedExtensions, maxCustomDataBytes } from '../../protocol/limits.ts'
import type { GuestSession } from '../../sessions/guest-session.ts'

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

/** What a session's answer and `getConfiguration` say about files (`AllowedMedia`). */
export function allowedMediaOf ({ messenger }: Deployment) {
  const { modes } = messenger.fileUpload
  if (modes.length === 0) return {}
  return {
    inbound: {
      fileTypes: [...new Set(modes.flatMap(({ fileTypes }) => fileTypes))].map(type => ({ type })),
      maxFileSizeKB: Math.max(...modes.map(({ maxFileSizeKB }) => maxFileSizeKB))
    }
  }
}
