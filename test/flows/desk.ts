import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { Desk } from '../helpers/desk.ts'
import { GenesysApi } from '../helpers/genesys-api.ts'
import type { GuestFrame } from '../helpers/guest.ts'
import type { Lab } from '../helpers/lab.ts'

interface Said {
  type: string
  direction: string
  text?: string
  originatingEntity?: string
  metadata?: Record<string, string>
}

const said = ({ body }: GuestFrame) => body as Said
const saying = (text: string) => (frame: GuestFrame) => said(frame).text === text
const ofScript = (frame: GuestFrame) => said(frame).originatingEntity === 'Bot' && said(frame).type !== 'Event'
const event = (fields: object) => ({ message: { type: 'Event', events: [fields] } })

/** A person at the agent desk, and guests who have signed in. */
export async function desk (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)
  const desk = new Desk(lab.genesys)

  /** A guest who has signed in, has joined and was greeted, and their conversation. */
  async function welcomed (username: string) {
    const events = await desk.watch()
    const browser = new Browser(lab)
    await browser.signIn(username)
    const { jwt } = await api.signIn(browser)
    const guest = await api.connect()
    await api.configure(guest, jwt)
    const { sub } = lab.user(username)
    const begun = await events.next(({ event, data }) => event === 'conversation' && (data['guest'] as { sub?: string }).sub === sub)
    events.close()
    guest.send('onMessage', event({ eventType: 'Presence', presence: { type: 'Join' } }))
    await guest.next(ofScript)
    t.teardown(() => guest.close())
    return { guest, conversationId: begun.data.conversationId! }
  }

  await t.test('the desk shows who a guest is, as verified by the issuer', async t => {
    const { conversationId } = await welcomed('erik')
    const { claims, sub } = lab.user('erik')
    const { body } = await desk.ask<{ verified: { since: string } }>('GET', `/desk/conversations/${conversationId}`)
    t.match(body, {
      guest: { name: claims.name, sub, email: claims.email, email_verified: claims.email_verified },
      verified: { iss: lab.issuer },
      connections: 1
    })
    t.ok(Math.abs(Date.now() - Date.parse(body.verified.since)) < 60_000, body.verified.since)
  })

  await t.test('a person takes over from the script, and both sides write', async t => {
    const { guest, conversationId } = await welcomed('alice')
    const events = await desk.watch()
    t.teardown(() => events.close())
    const heardOf = (matches: (message: Record<string, unknown>) => boolean) => events.next(({ data }) =>
      data.conversationId === conversationId && data.message !== undefined && matches(data.message))
    await desk.act(conversationId, 'take', { name: 'Noor' })
    await guest.next(saying('I am handing you over to Noor.'))

    await guest.request('onMessage', event({ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }))
    await guest.say('When are you open?')
    const heard = await heardOf(({ text }) => text === 'When are you open?')
    t.match(heard.data, {
      conversationId,
      message: { direction: 'Inbound', metadata: { authenticated: 'true' }, channel: { from: { firstName: 'Alice' } } }
    })
    t.ok(await heardOf(message => JSON.stringify(message).includes('"Typing"')))

    await desk.act(conversationId, 'typing', { name: 'Noor', on: true })
    const quickReplies = [{ text: 'Thursday' }]
    await desk.act(conversationId, 'messages', { name: 'Noor', text: 'For you, always. Which day?', quickReplies })
    t.match(said(await guest.next(saying('For you, always. Which day?'))), {
      type: 'Structured', direction: 'Outbound', originatingEntity: 'Human', content: [{ contentType: 'QuickReply', quickReply: { text: 'Thursday' } }]
    })
    t.strictSame(guest.unread.filter(ofScript), [], 'the script is silent')

    await guest.request('onMessage', {
      message: {
        type: 'Structured',
        text: 'Thursday',
        content: [{ contentType: 'ButtonResponse', buttonResponse: { text: 'Thursday', payload: 'Thursday', type: 'QuickReply' } }]
      }
    })
    t.ok(await heardOf(({ type, direction }) => type === 'Structured' && direction === 'Inbound'))

    await desk.act(conversationId, 'release', { name: 'Noor' })
    await guest.next(ofScript)
    await guest.say('Who am I?')
    t.match(said(await guest.next(ofScript)).text, /You are Alice Anders/)
  })

  await t.test('the agent ends the conversation: the guest can read it and write nothing more', async t => {
    const { guest, conversationId } = await welcomed('alice')
    await desk.act(conversationId, 'take', { name: 'Noor' })
    await desk.act(conversationId, 'disconnect', { name: 'Noor' })
    t.match(said(await guest.next(frame => said(frame).metadata?.['readOnly'] === 'true')), { type: 'Event', direction: 'Outbound' })
    t.match(await guest.say('one more thing'), { class: 'string', code: 409 })
    t.match(await desk.act(conversationId, 'messages', { name: 'Noor', text: 'hello?' }), { status: 409, body: { message: /can only be read/ } })
  })

  await t.test('no other page can use the desk', async t => {
    const elsewhere = { origin: lab.app, 'sec-fetch-site': 'cross-site' }
    for (const [method, path] of [
      ['GET', '/desk/conversations'], ['GET', '/desk/events'], ['POST', '/desk/conversations/none/take']
    ] as const) {
      const answer = await desk.ask(method, path, { headers: elsewhere })
      t.equal(answer.status, 403, `${method} ${path}`)
      t.equal(answer.headers['access-control-allow-origin'], undefined)
    }
  })
}
