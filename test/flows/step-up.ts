import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import { connect, type Guest, type GuestFrame } from '../helpers/guest.ts'
import type { Lab } from '../helpers/lab.ts'

const deploymentId = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'

const hasPresence = (type: string) => ({ body }: GuestFrame) =>
  (body as { events?: { presence?: { type: string } }[] }).events?.[0]?.presence?.type === type

/** A guest begins without a name and signs in during the conversation. */
export async function stepUp (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)

  const open = (token?: string) => connect(lab.genesys, { deploymentId, origin: lab.app, ...(token && { token }) })

  /** The JWT of a person who signs in with a browser of their own. */
  async function signIn (username: string): Promise<string> {
    const browser = new Browser(lab)
    await browser.signIn(username)
    const handover = (await browser.authCode()).json() as Handover
    const { status, body } = await api.exchange({ ...api.exchangeBody(handover), deploymentId })
    if (status !== 200) throw new Error(`the exchange was answered with ${status}`)
    return body.jwt
  }

  const configure = (guest: Guest, jwt: string) =>
    guest.request('configureAuthenticatedSession', { deploymentId, startNew: false, data: { code: jwt } })

  await t.test('a visitor who signs in goes on in the same conversation, as themselves', async t => {
    // Erik has no other conversation on this deployment.
    const guest = await open()
    t.match(await guest.request('configureSession', { deploymentId }), { body: { newSession: true } })
    const before = await guest.say('Who am I?')
    t.notMatch(before.body, { metadata: { authenticated: 'true' } })
    await guest.next(({ body }) => /not signed in/.test((body as { text?: string }).text ?? ''))

    t.match(await configure(guest, await signIn('erik')), { code: 200, body: { newSession: false, clearedExistingSession: false } })
    const signedIn = await guest.next(hasPresence('SignIn'))
    t.match(signedIn.body, { direction: 'Inbound', channel: { from: { firstName: 'Erik', lastName: 'Eklund' } } })

    t.match(await guest.say('Who am I?'), { body: { metadata: { authenticated: 'true' } } })
    await guest.next(({ body }) => /Erik Eklund, verified by/.test((body as { text?: string }).text ?? ''))
    await guest.close()
  })

  await t.test('the conversation that the person has on another device gives way, and that device is told', async t => {
    const jwt = await signIn('bob')
    const phone = await open()
    await configure(phone, jwt)
    const laptop = await open()
    await laptop.request('configureSession', { deploymentId })
    t.match(await configure(laptop, jwt), { body: { clearedExistingSession: true } })
    t.match(await phone.next(frame => frame.class === 'ConnectionClosedEvent'), { body: { reason: 'signedIn' } })
    t.equal(await phone.closed, 1000)
    t.match(await laptop.say('here now'), { code: 200 })
    await laptop.close()
  })

  await t.test('who has signed in cannot become anonymous again in that session', async t => {
    const guest = await open()
    await guest.request('configureSession', { deploymentId })
    await configure(guest, await signIn('alice'))
    const again = await open(guest.token)
    t.match(await again.request('configureSession', { deploymentId }), { class: 'string', code: 4017 })
    await Promise.all([guest.close(), again.close()])
  })
}
