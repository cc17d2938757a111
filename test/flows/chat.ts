import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { GuestFrame } from '../helpers/guest.ts'
import type { Lab } from '../helpers/lab.ts'

const isText = (direction: string) => (frame: GuestFrame) =>
  frame.class === 'StructuredMessage' && (frame.body as { type: string }).type === 'Text' &&
  (frame.body as { direction: string }).direction === direction

const textOf = (frame: GuestFrame) => (frame.body as { text: string }).text

const join = { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Join' } }] } }

/** The conversation: over the guest WebSocket, as the person who signed in. */
export async function chat (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)

  async function signedIn (username: string) {
    const browser = new Browser(lab)
    await browser.signIn(username)
    return api.signIn(browser)
  }

  /** A guest who has signed in and joined, and what the agent greeted them with. */
  async function greeted (username: string) {
    const { jwt } = await signedIn(username)
    const guest = await api.connect()
    await api.configure(guest, jwt)
    guest.send('onMessage', join)
    return { guest, greeting: textOf(await guest.next(isText('Outbound'))) }
  }

  for (const [what, jwt] of [['no JWT', undefined], ['a JWT that nobody issued', 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA']] as const) {
    await t.test(`a guest with ${what} gets 401, and the socket stays`, async t => {
      const guest = await api.connect()
      t.match(await api.configure(guest, jwt), { type: 'response', class: 'string', code: 401, body: 'User is unauthorized' })
      const { jwt: good } = await signedIn('alice')
      t.match(await api.configure(guest, good), { class: 'SessionResponse', code: 200, body: { connected: true, newSession: true } })
      await guest.close()
    })
  }

  for (const { username, disabled, claims } of lab.users) {
    if (disabled) continue
    await t.test(`${claims['name']} is greeted by verified name`, async t => {
      const { guest, greeting } = await greeted(username)
      t.match(greeting, claims.given_name ?? claims.name)
      await guest.close()
    })
  }

  await t.test('a message goes round: an echo for the guest, then an answer from the agent', async t => {
    const { guest } = await greeted('alice')
    const echo = await guest.say('When are you open?')
    t.match(echo, { type: 'message', class: 'StructuredMessage', code: 200, body: { type: 'Text', text: 'When are you open?', direction: 'Inbound' } })
    const answer = await guest.next(isText('Outbound'))
    t.match(answer.body, { originatingEntity: 'Bot', text: /./ })
    await guest.close()
  })

  await t.test('the agent knows who has been verified, by which issuer', async t => {
    const { guest } = await greeted('erik')
    await guest.say('Who am I?')
    t.match(textOf(await guest.next(isText('Outbound'))), /Erik Eklund.*erik@example\.org.*not/s)
    await guest.close()
  })

  await t.test('a session belongs to one person: another who knows its token is refused', async t => {
    const alice = await signedIn('alice')
    const bob = await signedIn('bob')
    const hers = await api.connect()
    await api.configure(hers, alice.jwt)
    const his = await api.connect(hers.token)
    const answer = await api.configure(his, bob.jwt)
    t.equal(answer.class, 'string')
    t.equal(answer.code, 403)
    await Promise.all([hers.close(), his.close()])
  })

  await t.test('a revoke ends every socket of the person, and of nobody else', async t => {
    const [phone, laptop, bob] = [await signedIn('alice'), await signedIn('alice'), await signedIn('bob')]
    const guests = await Promise.all([phone.jwt, laptop.jwt, laptop.jwt, bob.jwt].map(async jwt => {
      const guest = await api.connect()
      await api.configure(guest, jwt)
      return guest
    }))
    await api.revoke(phone.jwt)
    for (const guest of guests.slice(0, 3)) {
      t.match(await guest.next(frame => frame.class === 'LogoutEvent'), { type: 'message', code: 200 })
      await guest.closed
    }
    t.match(await guests[3]!.say('still here?'), { code: 200 })
    await guests[3]!.close()
  })
}
