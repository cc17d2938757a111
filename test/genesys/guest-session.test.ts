import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { GuestFrame } from '../helpers/guest.ts'
import { ada, anonymousDeploymentId, configWith, deploymentId, grace, startGenesys, temporaryFolder } from './helper.ts'

const presence = (type: string) => ({ message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type } }] } })
const ofClass = (name: string) => (frame: GuestFrame) => frame.class === name
const withText = (text: string) => ({ body }: GuestFrame) => (body as { text?: string }).text === text

t.test('starts a session for a valid JWT, and resumes it by its token', async t => {
  const { open, tokens } = await startGenesys(t)
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const first = await open()
  t.match(await first.request('configureAuthenticatedSession', { data: { code: jwt } }), { class: 'SessionResponse', body: { newSession: true } })
  const second = await open({ token: first.token })
  t.match(await second.request('configureAuthenticatedSession', { data: { code: jwt } }), { class: 'SessionResponse', body: { newSession: false } })
})

t.test('takes a message that is sent without waiting for the session', async t => {
  const { open, tokens } = await startGenesys(t)
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const guest = await open()
  guest.send('configureAuthenticatedSession', { data: { code: jwt } })
  t.match(await guest.say('quick'), { class: 'StructuredMessage', code: 200 })
})

t.test('answers 401 to a JWT that has expired, and takes a refreshed one on the same socket', async t => {
  const { open, tokens } = await startGenesys(t)
  const expired = await tokens.issue({ deploymentId, identity: ada, accessTokenExpiresIn: 0 })
  const fresh = await tokens.issue({ deploymentId, identity: ada })
  const guest = await open()
  const configure = (code: string) => guest.request('configureAuthenticatedSession', { data: { code } })
  t.match(await configure(expired.jwt), { class: 'string', code: 401, body: 'User is unauthorized' })
  t.match(await configure(fresh.jwt), { class: 'SessionResponse', code: 200 })
})

t.test('answers 401 to a JWT that was revoked, and to one of another deployment', async t => {
  const [deployment, other] = configWith(temporaryFolder(t)).deployments
  const { open, tokens } = await startGenesys(t, { deployments: [deployment!, { ...other!, auth: { enabled: true, allowSessionUpgrade: false, implicitFlow: false } }] })
  const guest = await open()
  const elsewhere = await tokens.issue({ deploymentId: anonymousDeploymentId, identity: ada })
  t.match(await guest.request('configureAuthenticatedSession', { data: { code: elsewhere.jwt } }), { code: 401 })
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  await tokens.revoke((await tokens.verify(jwt))!)
  t.match(await guest.request('configureAuthenticatedSession', { data: { code: jwt } }), { code: 401 })
})

t.test('keeps a session from everybody but its user', async t => {
  const { signedInGuest, open, tokens } = await startGenesys(t)
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
  const { signedInGuest, open } = await startGenesys(t)
  const { token } = await signedInGuest(ada)
  const guest = await open({ deploymentId: anonymousDeploymentId, token })
  t.match(await guest.request('configureSession'), { class: 'SessionResponse', body: { newSession: true } })
})

t.test('steps an anonymous session up only where the deployment allows it', async t => {
  for (const allowSessionUpgrade of [true, false]) {
    const [deployment, other] = configWith(temporaryFolder(t)).deployments
    const folder = temporaryFolder(t)
    const anonymous = await startGenesys(t, { deployments: [{ ...deployment!, auth: { enabled: false, allowSessionUpgrade: false, implicitFlow: false } }, other!] }, folder)
    const { token } = await anonymous.open()
    const before = await anonymous.open({ token })
    await before.request('configureSession')
    await anonymous.app.close()

    const { open, tokens } = await startGenesys(t, { deployments: [{ ...deployment!, auth: { enabled: true, allowSessionUpgrade, implicitFlow: false } }, other!] }, folder)
    const { jwt } = await tokens.issue({ deploymentId, identity: ada })
    const guest = await open({ token })
    t.match(
      await guest.request('configureAuthenticatedSession', { data: { code: jwt } }),
      allowSessionUpgrade ? { class: 'SessionResponse', body: { newSession: false } } : { code: 403, body: /Feature Toggle/ }
    )
  }
})

t.test('shows a guest\'s message in the other tabs of the session, and in no other session', async t => {
  const { signedInGuest } = await startGenesys(t)
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
  const { app, tokens, signedInGuest } = await startGenesys(t)
  const tab = await signedInGuest(ada)
  const sockets = [tab, await signedInGuest(ada, { token: tab.token }), await signedInGuest(ada)]
  const other = await signedInGuest(grace)
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })

  await app.inject({ method: 'DELETE', url: '/api/v2/webdeployments/token/revoke', headers: { authorization: `bearer ${jwt}` } })
  for (const socket of sockets) {
    t.same(await socket.next(ofClass('LogoutEvent')), { type: 'message', class: 'LogoutEvent', code: 200, body: {} })
    t.equal(await socket.closed, 1000)
  }
  t.match(await other.say('still here'), { code: 200 })
})

t.test('closes the peers of a session that is closed for all, and starts anew on the same socket', async t => {
  const { app, signedInGuest, tokens } = await startGenesys(t)
  const guest = await signedInGuest()
  const peer = await signedInGuest(ada, { token: guest.token })
  await guest.say('an old message')
  const { body } = await guest.request('getJwt')
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
  const headers = { authorization: `bearer ${(body as { jwt: string }).jwt}` }
  t.match((await app.inject({ url: '/api/v2/webmessaging/messages', headers })).json(), { total: 0 }, 'the old messages are forgotten')
})

t.test('leaves with one socket only where the others are to stay', async t => {
  const { signedInGuest } = await startGenesys(t)
  const guest = await signedInGuest()
  const peer = await signedInGuest(ada, { token: guest.token })
  t.match(await guest.request('closeSession', { closeAllConnections: false }), { body: { connected: false } })
  t.match(await guest.say('a'), { code: 4007 })
  t.match(await peer.say('b'), { code: 200 })
})

t.test('forgets a conversation that the guest clears', async t => {
  const { signedInGuest, open, tokens } = await startGenesys(t)
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
  const { signedInGuest } = await startGenesys(t)
  const guest = await signedInGuest()
  const peer = await signedInGuest(ada, { token: guest.token })
  t.match(await guest.request('onMessage', presence('Disconnect')), { body: { metadata: { readOnly: 'true' } } })
  t.match(await peer.next(ofClass('StructuredMessage')), { body: { events: [{ presence: { type: 'Disconnect' } }] } })
  t.match(await peer.say('a'), { code: 409 })
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
