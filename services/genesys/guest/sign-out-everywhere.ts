import { userKey, type VerifiedIdentity } from '../auth/identity.ts'
import type { VisitorJourneyStore } from '../visitor-journeys/visitor-journey-store.ts'
import type { Connections } from '../sessions/connections.ts'
import type { SessionStore } from '../sessions/session-store.ts'

/** A user whose tokens were revoked loses the sockets, what was handed out in the sessions, and the journeys of the browsers. */
export async function signOutEverywhere (
  { deploymentId, identity }: { deploymentId: string, identity: VerifiedIdentity },
  { connections, sessions, visitorJourneys }: { connections: Connections, sessions: SessionStore, visitorJourneys: VisitorJourneyStore }
): Promise<void> {
  await connections.logout(userKey(deploymentId, identity))
  // Not before: a socket could ask for more meanwhile.
  await sessions.endAccess(deploymentId, identity)
  // The next at this browser is somebody else.
  await Promise.all((await sessions.ofUser(deploymentId, identity)).map(session => visitorJourneys.close(session)))
}
