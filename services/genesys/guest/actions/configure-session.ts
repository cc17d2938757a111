import { Type, type Static } from '#lib/validation/schema.ts'
import { userKey, type VerifiedIdentity } from '../../auth/identity.ts'
import { guestErrors } from '../../protocol/guest-errors.ts'
import { isUuid } from '../../protocol/uuid.ts'
import { sessionKey, userOf, type GuestSession } from '../../sessions/guest-session.ts'
import { defineAction, type Call } from './action.ts'
import { sessionOfResumeToken } from './resume-token.ts'
import { sessionResponse } from './session-response.ts'
import { dismissOthers, stepUp } from './step-up.ts'

const properties = {
  deploymentId: Type.Optional(Type.String()),
  startNew: Type.Optional(Type.Boolean()),
  // The cookie of the browser, by which where the guest has been is known. Whatever else is in it counts for nothing here.
  journeyContext: Type.Optional(Type.Object({ customer: Type.Optional(Type.Object({ id: Type.Optional(Type.String()) })) })),
  resumeToken: Type.Optional(Type.String())
}
type ConfigureRequest = Static<ReturnType<typeof Type.Object<typeof properties>>> & { token: string }

/** An anonymous session. */
export const configureSession = defineAction(properties, async (request, call) => {
  const { auth } = call.connection.deployment
  const found = await findSession(request, call)
  if (found?.identity) throw guestErrors.cannotDowngrade()
  // Where guests have to sign in, and cannot do so later, there are no anonymous sessions.
  if (auth.enabled && !auth.allowSessionUpgrade) throw guestErrors.unauthorized()
  call.answer('SessionResponse', await enter(request, found, undefined, call))
})

/** A session in the name of the user for whom the Genesys JWT in `data.code` was issued. */
export const configureAuthenticatedSession = defineAction({
  ...properties,
  data: Type.Optional(Type.Object({ code: Type.Optional(Type.String()) }))
}, async ({ data, ...request }, call) => {
  const { connection, messaging, answer } = call
  const { deployment } = connection
  checkDeployment(request, call)
  const grant = data?.code === undefined ? undefined : await messaging.tokens.verify(data.code)
  if (!deployment.auth.enabled || grant?.deploymentId !== deployment.id) throw guestErrors.unauthorized()

  // Of two devices on which a person signs in at once, the second is to find the first.
  await messaging.inTurn(`user ${userKey(deployment.id, grant.identity)}`, async () => {
    const found = await findSession(request, call)
    if (found?.identity && found.identity.sub !== grant.identity.sub) throw guestErrors.otherUser()
    if (found && !found.identity && !deployment.auth.allowSessionUpgrade) throw guestErrors.notConfigured()
    const body = await enter(request, found, grant.identity, call)
    // A sign-out meanwhile did not find this socket among those of the user.
    if (!await messaging.tokens.verify(data!.code!)) {
      await messaging.connections.leave(connection)
      throw guestErrors.unauthorized()
    }
    answer('SessionResponse', body)
    const session = found && !found.identity ? await messaging.sessions.find(found.key) : undefined
    if (session) await messaging.agent.goOnSignedIn(session, deployment)
  })
})

function checkDeployment ({ deploymentId }: ConfigureRequest, { connection }: Call) {
  if (deploymentId !== undefined && deploymentId.toLowerCase() !== connection.deployment.id) {
    throw guestErrors.requestFailed('The socket was opened for another deployment.')
  }
}

async function findSession (request: ConfigureRequest, call: Call): Promise<GuestSession | undefined> {
  const { connection: { deployment }, messaging: { sessions, rateLimiter } } = call
  checkDeployment(request, call)
  const key = sessionKey(deployment.id, request.token)
  await rateLimiter.count('configures', key)
  const found = await sessions.find(key)
  if (found) return found
  if (request.resumeToken !== undefined) return await sessionOfResumeToken(request.resumeToken, call)
  // A guest who wants to start anew can do so with the token of a session that has expired.
  if (request.startNew !== true && await sessions.hasExpired(key)) throw guestErrors.sessionExpired()
  return undefined
}

async function enter (
  { token, startNew, journeyContext }: ConfigureRequest,
  found: GuestSession | undefined,
  identity: VerifiedIdentity | undefined,
  call: Call
) {
  const { connection, messaging: { quota, sessions, conversations, connections } } = call
  const { deployment } = connection
  const key = sessionKey(deployment.id, token)
  // Not before it is known that this guest may join the session.
  if (found && found.key !== key) await sessions.addAlias(key, found)
  const signsIn = found !== undefined && found.identity === undefined && identity !== undefined
  if (found && startNew !== true) {
    const session = await nameCustomer(await sessions.resume(found, identity), journeyContext, call)
    if (signsIn) await dismissOthers(session, call)
    await connections.enter(connection, token.toLowerCase(), session)
    const clearedExistingSession = signsIn && await stepUp(session, identity, call)
    return sessionResponse(session, deployment, { clearedExistingSession })
  }
  if (!found) quota.check(identity === undefined)
  const started = await sessions.start(found?.key ?? key, deployment, identity, found)
  const session = await nameCustomer(started, journeyContext, call)
  if (signsIn) await dismissOthers(session, call)
  // A guest who starts anew does not keep the messages.
  if (found) await conversations.forget(found.conversationId)
  await connections.enter(connection, token.toLowerCase(), session)
  return sessionResponse(session, deployment, { newSession: true })
}

/** What was done under the cookie is from now on shown beside the conversation, and is the person's who has signed in. */
async function nameCustomer (
  session: GuestSession,
  journeyContext: ConfigureRequest['journeyContext'],
  { connection: { deployment }, messaging: { sessions, visitorJourneys } }: Call
): Promise<GuestSession> {
  const id = journeyContext?.customer?.id?.toLowerCase()
  if (!deployment.journeyEvents.enabled || !isUuid(id)) return session
  const user = userOf(session)
  if (user !== undefined) await visitorJourneys.claim(deployment.id, id, user)
  return session.customerId === id ? session : await sessions.nameCustomer(session, id)
}
