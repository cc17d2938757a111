// The session of a guest: whose it is, its sockets, its end, and a sign-in in the middle of it.
import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import t from 'tap'
import type { VerifiedIdentity } from '../../services/genesys/auth/identity.ts'
import { sessionKey, type GuestSession } from '../../services/genesys/sessions/guest-session.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import {
  ada, another, anonymousDeploymentId, deploymentId, deploymentsWith, grace, startGenesys, stepUpDeploymentId
} from './helper.ts'

const { app, store, open, tokens, anonymousGuest, signedInGuest } = await startGenesys(t)

const presence = (type: string) => ({ message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type } }] } })
const ofClass = (name: string) => (frame: GuestFrame) => frame.class === name
const withText = (text: string) => ({ body }: GuestFrame) => (body as { text?: string }).text === text
const isSignIn = ({ body }: GuestFrame) => /"SignIn"/.test(JSON.stringify(body))
const signOut = (jwt: string) =>
  app.inject({ method: 'DELETE', url: '/api/v2/webdeployments/token/revoke', headers: { authorization: `bearer ${jwt}` } })
const historyJwt = async (guest: Guest) => ((await guest.request('getJwt')).body as { jwt: string }).jwt
const readHistory = (jwt: string) =>
  app.inject({ url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } })

t.test('starts a session for a valid JWT, and resumes it by its token', async t => {
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const first = await open()
  t.match(await first.request('configureAuthenticatedSession', { data: { code: jwt } }), { class: 'SessionResponse', body: { newSession: true } })
  const second = await open({ token: first.token })
  t.match(await second.request('configureAuthenticatedSession', { data: { code: jwt } }), { class: 'SessionResponse', body: { newSession: false } })
})

t.test('takes a message that is sent without waiting for the session', async t => {
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const guest = await open()
  guest.send('configureAuthenticatedSession', { data: { code: jwt } })
  t.match(await guest.say('quick'), { class: 'StructuredMessage', code: 200 })
})

t.test('answers 401 to a JWT that has expired, and takes a refreshed one on the same socket', async t => {
  const expired = await tokens.issue({ deploymentId, identity: ada, accessTokenExpiresIn: 0 })
  const fresh = await tokens.issue({ deploymentId, identity: ada })
  const guest = await open()
  const configure = (code: string) => guest.request('configureAuthenticatedSession', { data: { code } })
  t.match(await configure(expired.jwt), { class: 'string', code: 401, body: 'User is unauthorized' })
  t.match(await configure(fresh.jwt), { class: 'SessionResponse', code: 200 })
})

t.test('answers 401 to a JWT that was revoked, and to one of another deployment', async t => {
  const guest = await open()
  const elsewhere = await tokens.issue({ deploymentId: stepUpDeploymentId, identity: ada })
  t.match(await guest.request('configureAuthenticatedSession', { data: { code: elsewhere.jwt } }), { code: 401 })
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  await tokens.revoke((await tokens.verify(jwt))!)
  t.match(await guest.request('configureAuthenticatedSession', { data: { code: jwt } }), { code: 401 })
})

t.test('keeps a session from everybody but its user', async t => {
  const { token } = await signedInGuest(ada)
  const { jwt } = await tokens.issue({ deploymentId, identity: grace })
  const thief = await open({ token })
  for (const startNew of [false, true]) {
    t.match(await thief.request('configureAuthenticatedSession', { startNew, data: { code: jwt } }), { code: 403, body: /^Session authentication failed/ })
    t.match(await thief.request('configureSession', { startNew }), { code: 4017 }, 'nor anonymously')
  }
  t.match(await thief.request('getJwt'), { code: 4007 })
})

t.test('keeps a token of one deployment from another', async t => {
  const { token } = await signedInGuest(ada)
  const guest = await open({ deploymentId: anonymousDeploymentId, token })
  t.match(await guest.request('configureSession'), { class: 'SessionResponse', body: { newSession: true } })
})

t.test('steps an anonymous session up only where the deployment allows it', async t => {
  // As before somebody switched the sign-in on.
  const deployments = deploymentsWith(deploymentId, deployment => ({ ...deployment, auth: { ...deployment.auth, enabled: false } }))
  const folder = temporaryFolder(t)
  const before = await startGenesys(t, { deployments }, folder)
  const anonymous = await before.open()
  t.match(await anonymous.request('configureSession'), { body: { newSession: true } })
  await before.app.close()

  const now = await startGenesys(t, {}, folder)
  const { jwt } = await now.tokens.issue({ deploymentId, identity: ada })
  const guest = await now.open({ token: anonymous.token })
  t.match(await guest.request('configureAuthenticatedSession', { data: { code: jwt } }), { code: 403, body: /Feature Toggle/ })
})

t.test('shows a guest\'s message in the other tabs of the session, and in no other session', async t => {
  const tab = await signedInGuest()
  const otherTab = await signedInGuest(ada, { token: tab.token })
  const stranger = await signedInGuest(grace)
  await tab.say('who am I?')
  t.match(await otherTab.next(withText('who am I?')), { type: 'message', class: 'StructuredMessage', body: { direction: 'Inbound' }, tracingId: undefined })
  await otherTab.next(({ body }) => /Ada Lovelace/.test((body as { text?: string }).text ?? ''))
  t.same(stranger.unread, [])
  t.same(tab.unread.filter(withText('who am I?')), [], 'its own tab has had it as the answer')
})

t.test('tells every socket of a user when one of the user\'s JWTs is revoked, and closes them', async t => {
  const person = another(ada)
  const tab = await signedInGuest(person)
  const sockets = [tab, await signedInGuest(person, { token: tab.token }), await signedInGuest(person)]
  const other = await signedInGuest(grace)
  const { jwt } = await tokens.issue({ deploymentId, identity: person })
  await signOut(jwt)
  for (const socket of sockets) {
    t.same(await socket.next(ofClass('LogoutEvent')), { type: 'message', class: 'LogoutEvent', code: 200, body: {} })
    t.equal(await socket.closed, 1000)
  }
  t.match(await other.say('still here'), { code: 200 })
})

t.test('closes the peers of a session that is closed for all, and starts anew on the same socket', async t => {
  const guest = await signedInGuest()
  const peer = await signedInGuest(ada, { token: guest.token })
  await guest.say('an old message')
  const jwtBefore = await historyJwt(guest)
  t.match(await guest.request('closeSession', { closeAllConnections: true }), { body: { connected: false, readOnly: true } })
  t.match(await peer.next(ofClass('ConnectionClosedEvent')), { type: 'message', code: 200 })
  t.equal(await peer.closed, 1000)
  t.match(await guest.say('too late'), { code: 4007 })

  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const configure = (fields: object) => guest.request('configureAuthenticatedSession', { data: { code: jwt }, ...fields })
  t.match(await configure({}), { body: { newSession: false, readOnly: true } })
  t.match(await guest.say('too late'), { class: 'string', code: 409 })
  t.match(await configure({ startNew: true }), { body: { newSession: true, readOnly: false } })
  t.match(await guest.say('a new message'), { code: 200 })
  t.equal((await readHistory(jwtBefore)).statusCode, 401)
  t.equal(await store.collection('message').countTagged(String(decodeJwt(jwtBefore)['conversation'])), 0, 'the old messages are forgotten')
})

t.test('leaves with one socket only where the others are to stay', async t => {
  const guest = await signedInGuest()
  const peer = await signedInGuest(ada, { token: guest.token })
  t.match(await guest.request('closeSession', { closeAllConnections: false }), { body: { connected: false } })
  t.match(await guest.say('a'), { code: 4007 })
  t.match(await peer.say('b'), { code: 200 })
})

t.test('forgets a conversation that the guest clears', async t => {
  const guest = await signedInGuest()
  const peer = await signedInGuest(ada, { token: guest.token })
  await guest.say('a secret')
  t.match(await guest.request('onMessage', presence('Clear')), { class: 'StructuredMessage', code: 200 })
  for (const socket of [guest, peer]) {
    t.match(await socket.next(ofClass('SessionClearedEvent')), { type: 'message', body: {} })
    t.match(await socket.next(ofClass('ConnectionClosedEvent')), { body: { reason: 'clearing', reasonCode: 'clearing' } })
    await socket.closed
  }
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const again = await open({ token: guest.token })
  t.match(await again.request('configureAuthenticatedSession', { data: { code: jwt } }), { body: { newSession: true } })
})

t.test('is read-only after the guest has left', async t => {
  const guest = await signedInGuest()
  const peer = await signedInGuest(ada, { token: guest.token })
  t.match(await guest.request('onMessage', presence('Disconnect')), { body: { metadata: { readOnly: 'true' } } })
  t.match(await peer.next(ofClass('StructuredMessage')), { body: { events: [{ presence: { type: 'Disconnect' } }] } })
  t.match(await peer.say('a'), { code: 409 })
  const content = [{ contentType: 'ButtonResponse', buttonResponse: { text: 'a', payload: 'a', type: 'QuickReply' } }]
  t.match(await peer.request('onMessage', { message: { type: 'Structured', text: 'a', content } }), { code: 409 })
})

t.test('keeps conversation and session over a restart', async t => {
  const folder = temporaryFolder(t)
  const token = randomUUID()
  const before = await startGenesys(t, {}, folder)
  const { jwt } = await before.tokens.issue({ deploymentId, identity: ada })
  const guest = await before.signedInGuest(ada, { token })
  await guest.say('remember this')
  await before.app.close()

  const { open, url } = await startGenesys(t, {}, folder)
  const again = await open({ token })
  t.match(await again.request('configureAuthenticatedSession', { data: { code: jwt } }), { body: { newSession: false } }, 'the JWT holds too')
  const { body } = await again.request('getJwt')
  const response = await fetch(`${url}/api/v2/webmessaging/messages`, { headers: { authorization: `bearer ${(body as { jwt: string }).jwt}` } })
  t.match((await response.json() as { entities: object[] }).entities.at(-1), { text: 'remember this', direction: 'Inbound' })
})

t.test('lets a session have three sockets; a fourth closes the oldest', async t => {
  const first = await anonymousGuest()
  const others = [await anonymousGuest({ token: first.token }), await anonymousGuest({ token: first.token })]
  t.match(await first.say('three of us'), { code: 200 })
  const fourth = await anonymousGuest({ token: first.token })
  t.same(await first.next(ofClass('ConnectionClosedEvent')), { type: 'message', class: 'ConnectionClosedEvent', code: 200, body: {} })
  t.equal(await first.closed, 1000)
  for (const guest of [...others, fourth]) t.match(await guest.say('still here'), { code: 200 })
})

t.test('does not count a socket on which the session is configured again', async t => {
  const first = await anonymousGuest()
  const second = await anonymousGuest({ token: first.token })
  for (let times = 0; times < 4; times++) await second.request('configureSession', { deploymentId: anonymousDeploymentId })
  t.match(await first.say('still here'), { code: 200 })
})

t.test('shares a session with the client that was given a resume token, who never learns the session\'s own', async t => {
  const guest = await anonymousGuest()
  const { resumeToken } = (await guest.request('resumeToken')).body as { resumeToken: string }

  const other = await open({ deploymentId: anonymousDeploymentId })
  t.match(await other.request('configureSession', { resumeToken }), { class: 'SessionResponse', body: { newSession: false } })
  await other.say('from the other client')
  t.match(await guest.next(({ body }) => (body as { text?: string }).text === 'from the other client'), { type: 'message' })

  const later = await open({ deploymentId: anonymousDeploymentId, token: other.token })
  t.match(await later.request('configureSession'), { body: { newSession: false } }, 'its own token leads there from now on')
})

t.test('does not take a resume token for a session of another user or deployment', async t => {
  const guest = await signedInGuest(ada)
  const { resumeToken } = (await guest.request('resumeToken')).body as { resumeToken: string }

  const elsewhere = await open({ deploymentId: anonymousDeploymentId })
  t.match(await elsewhere.request('configureSession', { resumeToken }), { code: 4007 })
  const anonymous = await open()
  t.match(await anonymous.request('configureSession', { resumeToken }), { code: 4017 })
  const { jwt } = await tokens.issue({ deploymentId, identity: grace })
  t.match(await anonymous.request('configureAuthenticatedSession', { resumeToken, data: { code: jwt } }), { code: 403 })
  t.match(await anonymous.request('getJwt', { token: randomUUID() }), { code: 4007 })
})

t.test('leaves the session that was configured on a socket when another is configured there', async t => {
  const tab = await anonymousGuest()
  const otherTab = await anonymousGuest({ token: tab.token })
  await otherTab.request('configureSession', { token: randomUUID() })
  await tab.say('to the first session')
  t.match(await otherTab.request('configureSession', { token: randomUUID() }), { body: { newSession: true } })
  t.notOk(otherTab.unread.some(({ body }) => (body as { text?: string }).text === 'to the first session'))
  t.match(await otherTab.say('with the token of the first'), { code: 4007 })
})

t.test('a resume token that was refused leaves the token that came with it free', async t => {
  const { resumeToken } = (await (await signedInGuest(ada)).request('resumeToken')).body as { resumeToken: string }
  const { jwt } = await tokens.issue({ deploymentId, identity: grace })
  const stranger = await open()
  const configure = (fields: object = {}) => stranger.request('configureAuthenticatedSession', { data: { code: jwt }, ...fields })
  t.match(await configure({ resumeToken }), { code: 403 })
  t.match(await configure(), { class: 'SessionResponse', body: { newSession: true } })
})

/** On a deployment where guests may sign in during the conversation. */
const arrive = (token?: string) => open({ deploymentId: stepUpDeploymentId, ...(token && { token }) })

async function visitor (token?: string): Promise<Guest> {
  const guest = await arrive(token)
  await guest.request('configureSession')
  return guest
}

async function signIn (guest: Guest, identity: VerifiedIdentity): Promise<GuestFrame> {
  const { jwt } = await tokens.issue({ deploymentId: stepUpDeploymentId, identity })
  return await guest.request('configureAuthenticatedSession', { data: { code: jwt } })
}

t.test('lets a guest sign in during the conversation, on the same socket and token', async t => {
  const person = another(ada)
  const guest = await visitor()
  const before = await guest.say('I have no name yet')
  t.notOk((before.body as { metadata: object }).metadata && 'authenticated' in (before.body as { metadata: object }).metadata)

  const answer = await signIn(guest, person)
  t.match(answer, { class: 'SessionResponse', code: 200, body: { newSession: false, readOnly: false, clearedExistingSession: false } })
  t.match(guest.unread.find(isSignIn), {
    type: 'message',
    class: 'StructuredMessage',
    body: {
      type: 'Event',
      direction: 'Inbound',
      events: [{ eventType: 'Presence', presence: { type: 'SignIn' } }],
      channel: { from: { firstName: 'Ada', lastName: 'Lovelace' } }
    }
  }, 'before the answer')
  t.match(await guest.say('now I have'), { body: { metadata: { authenticated: 'true' }, channel: { from: { firstName: 'Ada' } } } })
})

t.test('keeps what was said before the sign-in', async t => {
  const person = another(ada)
  const guest = await visitor()
  await guest.say('said without a name')
  await signIn(guest, person)
  const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
  const { entities } = (await app.inject({ url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } })).json()
  t.ok(entities.some(({ text }: { text: string }) => text === 'said without a name'))
})

t.test('closes the session that the person has on another device, and says so on both', async t => {
  const person = another(ada)
  const phone = await arrive()
  await signIn(phone, person)
  await phone.say('from the phone')
  const stranger = await arrive()
  await signIn(stranger, grace)

  const laptop = await visitor()
  t.match(await signIn(laptop, person), { body: { clearedExistingSession: true } })
  t.match(await phone.next(ofClass('ConnectionClosedEvent')), { type: 'message', code: 200, body: { reason: 'signedIn', reasonCode: 'signedIn' } })
  t.equal(await phone.closed, 1000)
  t.match(await stranger.say('still here'), { code: 200 })

  const phoneAgain = await arrive(phone.token)
  t.match(await signIn(phoneAgain, person), { body: { newSession: true } }, 'its session is gone')
})

t.test('does not count a sign-in that is repeated as another', async t => {
  const person = another(ada)
  const guest = await visitor()
  await signIn(guest, person)
  await guest.next(isSignIn)
  t.match(await signIn(guest, person), { body: { clearedExistingSession: false } })
  t.notOk(guest.unread.some(isSignIn))
})

t.test('has the guest\'s other tabs configure the session anew after the sign-in: a sign-out then reaches them too', async t => {
  const person = another(ada)
  const tab = await visitor()
  const otherTab = await visitor(tab.token)
  await signIn(tab, person)
  t.match(await otherTab.next(ofClass('ConnectionClosedEvent')), { body: { reason: 'steppedUp', reasonCode: 'steppedUp' } })
  t.equal(await otherTab.closed, 1000)
  const otherTabAgain = await arrive(tab.token)
  t.match(await signIn(otherTabAgain, person), { body: { newSession: false } })
  t.match(await otherTabAgain.say('me too'), { body: { metadata: { authenticated: 'true' } } })
  const { jwt } = await tokens.issue({ deploymentId: stepUpDeploymentId, identity: person })
  await signOut(jwt)
  for (const guest of [tab, otherTabAgain]) t.match(await guest.next(ofClass('LogoutEvent')), { code: 200 })
})

for (const startNew of [false, true]) {
  const how = startNew ? 'and starts anew' : 'and goes on'
  t.test(`leaves nothing to whoever else has the token of a guest who signs in ${how}`, async t => {
    const guest = await visitor()
    const thief = await visitor(guest.token)
    const byResumeToken = await arrive()
    const { resumeToken } = (await guest.request('resumeToken')).body as { resumeToken: string }
    await byResumeToken.request('configureSession', { resumeToken })
    const jwt = await historyJwt(thief)
    t.equal((await readHistory(jwt)).statusCode, 200)

    const { jwt: code } = await tokens.issue({ deploymentId: stepUpDeploymentId, identity: another(ada) })
    await guest.request('configureAuthenticatedSession', { startNew, data: { code } })
    // Sent before either has heard of it.
    for (const other of [thief, byResumeToken]) other.send('onMessage', { message: { type: 'Text', text: 'pay the thief' } })
    await guest.say('my account is 4711')

    for (const other of [thief, byResumeToken]) {
      await other.closed
      t.same(other.unread.filter(({ body }) => /4711|Ada/.test(JSON.stringify(body))), [], 'hears nothing')
    }
    t.equal((await readHistory(jwt)).statusCode, 401, 'reads nothing')
    t.notMatch((await readHistory(await historyJwt(guest))).body, 'pay the thief', 'writes nothing')
    t.match(await (await arrive(guest.token)).request('configureSession'), { code: 4017 }, 'and does not come back')
  })
}

t.test('lets a socket act only in the name that it was configured in, also where another replica has seen the sign-in', async t => {
  const guest = await visitor()
  const key = sessionKey(stepUpDeploymentId, guest.token)
  await store.collection<GuestSession>('session').update(key, session => ({ ...session, identity: another(ada) }))
  t.match(await guest.say('pay the thief'), { class: 'string', code: 401 })
  t.match(await guest.request('getJwt'), { code: 401 })
})

t.test('does not let a session that has signed in become anonymous again', async t => {
  const person = another(ada)
  const guest = await visitor()
  await signIn(guest, person)
  t.match(await guest.request('configureSession'), { class: 'string', code: 4017 })
  const elsewhere = await arrive(guest.token)
  t.match(await elsewhere.request('configureSession', { startNew: true }), { code: 4017 })
})
