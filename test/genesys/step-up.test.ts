import t, { type Test } from 'tap'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import type { VerifiedIdentity } from '../../services/genesys/auth/identity.ts'
import { ada, grace, startGenesys, stepUpDeploymentId as deploymentId } from './helper.ts'

const ofClass = (name: string) => (frame: GuestFrame) => frame.class === name
const isSignIn = ({ body }: GuestFrame) => /"SignIn"/.test(JSON.stringify(body))

async function start (t: Test) {
  const { open, tokens, app } = await startGenesys(t)
  return {
    app,
    tokens,

    async visitor (token?: string): Promise<Guest> {
      const guest = await open({ deploymentId, ...(token && { token }) })
      await guest.request('configureSession', { deploymentId })
      return guest
    },

    async signIn (guest: Guest, identity: VerifiedIdentity = ada): Promise<GuestFrame> {
      const { jwt } = await tokens.issue({ deploymentId, identity })
      return await guest.request('configureAuthenticatedSession', { deploymentId, data: { code: jwt } })
    },

    connect: (token?: string) => open({ deploymentId, ...(token && { token }) })
  }
}

t.test('lets a guest sign in during the conversation, on the same socket and token', async t => {
  const { visitor, signIn } = await start(t)
  const guest = await visitor()
  const before = await guest.say('I have no name yet')
  t.notOk((before.body as { metadata: object }).metadata && 'authenticated' in (before.body as { metadata: object }).metadata)

  const answer = await signIn(guest)
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
  const { app, visitor, signIn } = await start(t)
  const guest = await visitor()
  await guest.say('said without a name')
  await signIn(guest)
  const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
  const { entities } = (await app.inject({ url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } })).json()
  t.ok(entities.some(({ text }: { text: string }) => text === 'said without a name'))
})

t.test('closes the session that the person has on another device, and says so on both', async t => {
  const { visitor, signIn, connect } = await start(t)
  const phone = await connect()
  await signIn(phone)
  await phone.say('from the phone')
  const stranger = await connect()
  await signIn(stranger, grace)

  const laptop = await visitor()
  t.match(await signIn(laptop), { body: { clearedExistingSession: true } })
  t.match(await phone.next(ofClass('ConnectionClosedEvent')), { type: 'message', code: 200, body: { reason: 'signedIn', reasonCode: 'signedIn' } })
  t.equal(await phone.closed, 1000)
  t.match(await stranger.say('still here'), { code: 200 })

  const phoneAgain = await connect(phone.token)
  t.match(await signIn(phoneAgain), { body: { newSession: true } }, 'its session is gone')
})

t.test('does not count a sign-in that is repeated as another', async t => {
  const { visitor, signIn } = await start(t)
  const guest = await visitor()
  await signIn(guest)
  await guest.next(isSignIn)
  t.match(await signIn(guest), { body: { clearedExistingSession: false } })
  t.notOk(guest.unread.some(isSignIn))
})

t.test('counts the guest\'s other tabs as signed in too: a sign-out reaches them', async t => {
  const { app, tokens, visitor, signIn } = await start(t)
  const tab = await visitor()
  const otherTab = await visitor(tab.token)
  await signIn(tab)
  await otherTab.next(isSignIn)
  t.match(await otherTab.say('me too'), { body: { metadata: { authenticated: 'true' } } })
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  await app.inject({ method: 'DELETE', url: '/api/v2/webdeployments/token/revoke', headers: { authorization: `bearer ${jwt}` } })
  for (const guest of [tab, otherTab]) t.match(await guest.next(ofClass('LogoutEvent')), { code: 200 })
})

t.test('does not let a session that has signed in become anonymous again', async t => {
  const { visitor, signIn, connect } = await start(t)
  const guest = await visitor()
  await signIn(guest)
  t.match(await guest.request('configureSession'), { class: 'string', code: 4017 })
  const elsewhere = await connect(guest.token)
  t.match(await elsewhere.request('configureSession', { startNew: true }), { code: 4017 })
})
