import { Type } from 'typebox'
import { userKey, type VerifiedIdentity } from '../identity.ts'
import { sessionKey, type GuestSession } from '../sessions.ts'
import { defineAction, type Call } from './action.ts'
import { guestErrors } from './frames.ts'
import { maxCustomDataBytes } from './limits.ts'

const request = {
  deploymentId: Type.Optional(Type.String()),
  startNew: Type.Optional(Type.Boolean())
}

/** An anonymous session. */
export const configureSession = defineAction(request, async ({ token, deploymentId, startNew }, call) => {
  const { deployment } = call.connection
  checkDeployment(deploymentId, call)
  const found = await call.messaging.sessions.find(sessionKey(deployment.id, token))
  if (found?.identity) throw guestErrors.cannotDowngrade()
  // Our choice: where guests have to sign in, and cannot do so later, there are no anonymous sessions.
  if (deployment.auth.enabled && !deployment.auth.allowSessionUpgrade) throw guestErrors.unauthorized()
  await enter(token, startNew, found, undefined, call)
})

/** A session in the name of the user for whom the Genesys JWT in `data.code` was issued. */
export const configureAuthenticatedSession = defineAction({
  ...request,
  data: Type.Optional(Type.Object({ code: Type.Optional(Type.String()) }))
}, async ({ token, deploymentId, startNew, data }, call) => {
  const { connection: { deployment }, messaging } = call
  checkDeployment(deploymentId, call)
  const grant = data?.code === undefined ? undefined : await messaging.tokens.verify(data.code)
  if (!deployment.auth.enabled || grant?.deploymentId !== deployment.id) throw guestErrors.unauthorized()

  const found = await messaging.sessions.find(sessionKey(deployment.id, token))
  if (found?.identity && found.identity.sub !== grant.identity.sub) throw guestErrors.otherUser()
  if (found && !found.identity && !deployment.auth.allowSessionUpgrade) throw guestErrors.notConfigured()
  await enter(token, startNew, found, grant.identity, call)
})

function checkDeployment (deploymentId: string | undefined, { connection }: Call) {
  if (deploymentId !== undefined && deploymentId !== connection.deployment.id) {
    throw guestErrors.requestFailed('The socket was opened for another deployment.')
  }
}

async function enter (
  token: string,
  startNew: boolean | undefined,
  found: GuestSession | undefined,
  identity: VerifiedIdentity | undefined,
  { connection, messaging, answer }: Call
) {
  const { sessions, conversations, connections } = messaging
  const { id } = connection.deployment
  const newSession = !found || startNew === true
  // Whether a guest who starts anew keeps the messages is not documented. Forgetting them is our choice.
  if (found && newSession) await conversations.forget(found)
  const session = newSession
    ? await sessions.start(sessionKey(id, token), id, identity)
    : await sessions.resume(found, identity)
  connections.enter(connection, session.key, identity && userKey(id, identity))
  answer('SessionResponse', {
    connected: true,
    newSession,
    readOnly: session.readOnly,
    maxCustomDataBytes,
    clearedExistingSession: false
  })
}
