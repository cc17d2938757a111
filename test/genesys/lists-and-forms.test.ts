// List pickers and forms: sent by the script and from the desk, answered by the guest, kept.
import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { Form, ListPicker, StructuredMessage } from '../../services/genesys/protocol/structured-message.ts'
import { Desk } from '../helpers/desk.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { ada, another, startGenesys } from './helper.ts'

const { app, url, signedInGuest } = await startGenesys(t, { lab: true })
const desk = new Desk(url, 'genesys.localhost:3002')

type Offer = StructuredMessage & { type: 'Structured' }
const offers = ({ body }: GuestFrame) => (body as Offer).direction === 'Outbound' && (body as Offer).type === 'Structured'
const saysText = ({ body }: GuestFrame) => (body as Offer).direction === 'Outbound' && (body as StructuredMessage).type === 'Text'

/** What the script sends to somebody who writes this. */
async function offerTo (guest: Guest, text: string): Promise<Offer> {
  await guest.say(text)
  return (await guest.next(offers)).body as Offer
}

const option = (originatingMessageId: string | undefined, payload: string, text = payload) =>
  ({ contentType: 'ButtonResponse', buttonResponse: { type: 'ListPicker', originatingMessageId, text, payload } })

const reply = (guest: Guest, content: object[], more: object = {}) =>
  guest.request('onMessage', { message: { type: 'Structured', content, ...more } })

const formReply = (originatingMessageId: string, entries: [string, string][]) => ({
  contentType: 'Form',
  form: {
    originatingMessageId,
    response: entries.map(([id, payload]) => ({
      id, component: { contentType: 'ButtonResponse', buttonResponse: { type: 'Form', text: payload, payload } }
    }))
  }
})

async function historyOf (guest: Guest): Promise<StructuredMessage[]> {
  const { jwt } = (await guest.request('getJwt')).body as { jwt: string }
  const response = await app.inject({ url: '/api/v2/webmessaging/messages', headers: { authorization: `bearer ${jwt}` } })
  return response.json().entities
}

t.test('a guest chooses from the script\'s list, is answered, and finds both in the history', async t => {
  const guest = await signedInGuest()
  const { id, content } = await offerTo(guest, 'What would you recommend?')
  t.match(content, [{
    contentType: 'ListPicker',
    listPicker: {
      receivedMessage: { title: 'What are you interested in?', buttonLabel: 'Choose' },
      sections: [{ multipleSelection: true, items: [{ id: 'first-light', title: 'First light' }] }, { multipleSelection: false }]
    }
  }])
  const echo = await reply(guest, [option(id, 'first-light', 'First light'), option(id, 'single', 'A single kayak')], {
    text: 'First light, A single kayak', metadata: { parentMessageId: id }
  })
  const answer = {
    type: 'Structured',
    direction: 'Inbound',
    text: 'First light, A single kayak',
    metadata: { parentMessageId: id },
    content: [
      { contentType: 'ButtonResponse', buttonResponse: { type: 'ListPicker', originatingMessageId: id, text: 'First light', payload: 'first-light' } },
      { contentType: 'ButtonResponse', buttonResponse: { type: 'ListPicker', originatingMessageId: id, text: 'A single kayak', payload: 'single' } }
    ]
  }
  t.match(echo, { class: 'StructuredMessage', code: 200, body: answer })
  t.match((await guest.next(saysText)).body, { text: /that helps/ })
  t.match((await historyOf(guest)).slice(1, 3), [answer, { id, type: 'Structured', content }])
})

t.test('a list takes only what it offers, as often as it offers it', async t => {
  const guest = await signedInGuest()
  const { id } = await offerTo(guest, 'What would you recommend?')
  const other = await offerTo(guest, 'What would you recommend?')
  const { id: said } = (await guest.say('not a list')).body as { id: string }
  const stranger = await signedInGuest(another(ada))
  const button = { contentType: 'ButtonResponse', buttonResponse: { type: 'Button', text: 'a', payload: 'a' } }
  const cases: [string, Guest, object[], number, RegExp][] = [
    ['no reference', guest, [option(undefined, 'single')], 4020, /originatingMessageId/],
    ['a message that there is not', guest, [option(randomUUID(), 'single')], 400, /no ListPicker/],
    ['a message of their own', guest, [option(said, 'single')], 400, /no ListPicker/],
    ['somebody else\'s list', stranger, [option(id, 'single')], 400, /no ListPicker/],
    ['an option that there is not', guest, [option(id, 'double'), option(id, 'yacht')], 400, /no such option/],
    ['two where one can be chosen', guest, [option(id, 'single'), option(id, 'double')], 400, /one option can be chosen/],
    ['one twice', guest, [option(id, 'single'), option(id, 'single')], 400, /chosen twice/],
    ['options of two lists', guest, [option(id, 'single'), option(other.id, 'moonrise')], 400, /more than one list/],
    ['an option and a button', guest, [option(id, 'single'), button], 4000, /one ButtonResponse/],
    ['more than there could be', guest, Array.from({ length: 51 }, () => option(id, 'single')), 400, /content/]
  ]
  for (const [label, who, content, code, body] of cases) {
    t.match(await reply(who, content), { type: 'response', class: 'string', code, body }, label)
  }
  t.match(await reply(guest, [option(id, 'double', 'Two'), option(id, 'moonrise', 'Moon')]), { code: 200, body: { text: 'Two, Moon' } },
    'without a text it is what was chosen')
})

const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
const filledIn: [string, string][] = [['name', 'Ada'], ['people', '4'], ['trip', 'moonrise'], ['day', day(3)], ['wishes', 'A dog']]

t.test('a guest fills in the script\'s form, is answered, and finds both in the history', async t => {
  const guest = await signedInGuest()
  const { id, content } = await offerTo(guest, 'We are a group of six')
  const [{ form }] = content as [{ contentType: 'Form', form: Form }]
  t.match(form, { introduction: { buttonText: 'Begin' }, showSummary: true, formPages: { length: 4 } })
  const echo = await reply(guest, [formReply(id, filledIn)], { text: 'Request' })
  const answer = {
    type: 'Structured',
    text: 'Request',
    content: [{
      contentType: 'Form',
      form: {
        originatingMessageId: id,
        cannedResponseId: form.cannedResponseId,
        response: filledIn.map(([id, payload]) =>
          ({ id, component: { contentType: 'ButtonResponse', buttonResponse: { type: 'Form', text: payload, payload } } }))
      }
    }]
  }
  t.match(echo, { class: 'StructuredMessage', code: 200, body: answer })
  t.match((await guest.next(saysText)).body, { text: /request has arrived/ })
  t.match((await historyOf(guest)).slice(1, 3), [answer, { id, content }])
})

t.test('a form takes only what it asks for, and misses what it requires', async t => {
  const guest = await signedInGuest()
  const { id } = await offerTo(guest, 'We are a group of six')
  const list = await offerTo(guest, 'What would you recommend?')
  const without = (...ids: string[]) => filledIn.filter(([id]) => !ids.includes(id))
  const withField = (id: string, ...payloads: string[]) => [...without(id), ...payloads.map((payload): [string, string] => [id, payload])]
  const cases: [string, object, number, RegExp][] = [
    ['a message that there is not', formReply(randomUUID(), filledIn), 400, /no Form/],
    ['a list', formReply(list.id, filledIn), 400, /no Form/],
    ['a required field left out', formReply(id, without('name')), 400, /needs Name/],
    ['a required field of blanks', formReply(id, withField('name', '  ')), 400, /needs Name/],
    ['a line over 30 characters', formReply(id, withField('name', 'é'.repeat(31))), 400, /more than 30 characters/],
    ['lines over 300 characters', formReply(id, withField('wishes', 'a'.repeat(301))), 400, /more than 300 characters/],
    ['a field twice', formReply(id, withField('people', '2', '3')), 400, /twice/],
    ['a field that there is not', formReply(id, withField('shoes', '42')), 400, /no such field/],
    ['an option that there is not', formReply(id, withField('people', '1000')), 400, /no such option/],
    ['two options where one can be chosen', formReply(id, withField('trip', 'moonrise', 'seal-sands')), 400, /one option/],
    ['a day before the first', formReply(id, withField('day', day(0))), 400, /out of its bounds/],
    ['a day after the last', formReply(id, withField('day', day(400))), 400, /out of its bounds/],
    ['a day that there is not', formReply(id, withField('day', '2027-02-30')), 400, /is none/],
    ['a day in words', formReply(id, withField('day', 'March 5, 2027')), 400, /is none/],
    ['a form that is none', { contentType: 'Form', form: { originatingMessageId: id, response: [{ id: 'name' }] } }, 400, /content/]
  ]
  for (const [label, content, code, body] of cases) {
    t.match(await reply(guest, [content]), { type: 'response', class: 'string', code, body }, label)
  }
  t.match(await reply(guest, [formReply(id, [['name', 'é'.repeat(30)], ['day', `${day(2)}T10:00:00Z`]])]), {
    code: 200, body: { text: 'Request for a group trip' }
  }, 'only what is required, a day with a time, and the form\'s own words as its text')
})

t.test('an agent sends a message that lies ready, or a list of their own, and sees what the guest has chosen', async t => {
  const guest = await signedInGuest()
  const topic = `a question ${randomUUID()}`
  await guest.say(topic)
  await guest.next(saysText)
  const { conversationId } = (await desk.list()).entities[0]!
  await desk.act(conversationId, 'take', { name: 'Kim' })
  t.same((await desk.ask('GET', '/desk/ready-messages')).body, [
    { id: 'interests', label: 'What are you interested in?', kind: 'ListPicker' },
    { id: 'group-request', label: 'A trip for your group', kind: 'Form' }
  ])
  t.match((await desk.act(conversationId, 'ready-messages', { name: 'Kim', id: 'group-request' })).body, { type: 'Structured' })
  t.match((await guest.next(offers)).body, { originatingEntity: 'Human', content: [{ contentType: 'Form' }] })
  t.match(await desk.act(conversationId, 'ready-messages', { name: 'Kim', id: 'constructor' }), { status: 404 })
  t.match(await desk.act(conversationId, 'ready-messages', { name: 'Sam', id: 'interests' }), { status: 409 })

  await desk.act(conversationId, 'lists', { name: 'Kim', text: 'Which days?', list: { options: ['Monday', 'Friday'], multipleSelection: true } })
  const { id, content } = (await guest.next(offers)).body as Offer
  const [{ listPicker }] = content as [{ contentType: 'ListPicker', listPicker: ListPicker }]
  t.match(listPicker.sections, [{ multipleSelection: true, items: [{ title: 'Monday' }, { title: 'Friday' }] }])
  t.match(await desk.ask('GET', `/desk/conversations/${conversationId}/messages/${id}`), { status: 200, body: { id, content } })
  t.match(await desk.ask('GET', `/desk/conversations/${conversationId}/messages/${randomUUID()}`), { status: 404 })
  const events = await desk.watch()
  t.teardown(() => events.close())
  await reply(guest, listPicker.sections[0]!.items.map(item => option(id, item.id, item.title)), { text: 'Monday, Friday' })
  t.match(await events.next(({ event }) => event === 'message'), { data: { conversationId, message: { text: 'Monday, Friday' } } })
  for (const options of [[], [' '], Array.from({ length: 21 }, () => 'a'), ['a'.repeat(81)]]) {
    t.match(await desk.act(conversationId, 'lists', { name: 'Kim', text: 'Which?', list: { options } }), { status: 400 })
  }
})
