import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { GuestFrame } from '../helpers/guest.ts'
import { ada, anonymousDeploymentId, deploymentId, grace, startGenesys } from './helper.ts'

const ofClass = (name: string) => (frame: GuestFrame) => frame.class === name

t.test('lets a session have three sockets; a fourth closes the oldest', async t => {
  const { anonymousGuest } = await startGenesys(t)
  const first = await anonymousGuest()
  const others = [await anonymousGuest({ token: first.token }), await anonymousGuest({ token: first.token })]
  t.match(await first.say('three of us'), { code: 200 })
  const fourth = await anonymousGuest({ token: first.token })
  t.same(await first.next(ofClass('ConnectionClosedEvent')), { type: 'message', class: 'ConnectionClosedEvent', code: 200, body: {} })
  t.equal(await first.closed, 1000)
  for (const guest of [...others, fourth]) t.match(await guest.say('still here'), { code: 200 })
})

t.test('does not count a socket on which the session is configured again', async t => {
  const { anonymousGuest } = await startGenesys(t)
  const first = await anonymousGuest()
  const second = await anonymousGuest({ token: first.token })
  for (let times = 0; times < 4; times++) await second.request('configureSession', { deploymentId: anonymousDeploymentId })
  t.match(await first.say('still here'), { code: 200 })
})

t.test('shares a session with the client that was given a resume token, who never learns the session\'s own', async t => {
  const { open, anonymousGuest } = await startGenesys(t)
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
  const { open, signedInGuest, tokens } = await startGenesys(t)
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
  const { anonymousGuest } = await startGenesys(t)
  const tab = await anonymousGuest()
  const otherTab = await anonymousGuest({ token: tab.token })
  await otherTab.request('configureSession', { token: randomUUID() })
  await tab.say('to the first session')
  t.match(await otherTab.request('configureSession', { token: randomUUID() }), { body: { newSession: true } })
  t.notOk(otherTab.unread.some(({ body }) => (body as { text?: string }).text === 'to the first session'))
  t.match(await otherTab.say('with the token of the first'), { code: 4007 })
})
