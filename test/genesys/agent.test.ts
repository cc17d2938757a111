import t from 'tap'
import { answerTo, greeting } from '../../services/genesys/agent/agent-script.ts'
import type { VerifiedIdentity } from '../../services/genesys/auth/identity.ts'
import { inbound, type Content, type StructuredMessage } from '../../services/genesys/conversations/structured-message.ts'
import { stopClock } from '../helpers/clock.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { until } from '../helpers/until.ts'
import { ada, configWith, startGenesys, temporaryFolder } from './helper.ts'

const join = { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Join' } }] } }
const fromAgent = ({ body }: GuestFrame) => (body as { direction?: string }).direction === 'Outbound'
const hear = async (guest: Guest) => (await guest.next(fromAgent)).body as StructuredMessage
const saysSomething = (frame: GuestFrame) => fromAgent(frame) && (frame.body as StructuredMessage).type !== 'Event'
const textIn = (content: Content) => content.type === 'Event' ? undefined : content.text

const textOf = (text: string) => inbound({ type: 'Text', text }, ada)
const choiceOf = (payload: string, text = 'a button') => inbound({
  type: 'Structured', text, content: [{ contentType: 'ButtonResponse', buttonResponse: { text, payload, type: 'QuickReply' } }]
}, ada)
const attachment = {
  contentType: 'Attachment' as const,
  attachment: { id: '1', filename: 'passport.png', fileSize: 1, mediaType: 'Image' as const, mime: 'image/png' }
}

t.test('greets a signed-in guest by the verified name, typing first', async t => {
  const { signedInGuest } = await startGenesys(t)
  const guest = await signedInGuest()
  await guest.request('onMessage', join)
  t.match(await hear(guest), {
    type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }], originatingEntity: 'Bot', channel: { from: { nickname: 'Robin' } }
  })
  t.match(await hear(guest), {
    type: 'Text', text: /^Hello Ada, .*verified/, direction: 'Outbound', originatingEntity: 'Bot', channel: { from: { nickname: 'Robin', firstName: 'Robin' } }
  })
})

t.test('greets once, however often the guest joins', async t => {
  const { signedInGuest } = await startGenesys(t)
  const guest = await signedInGuest()
  const otherTab = await signedInGuest(ada, { token: guest.token })
  await Promise.all([guest, otherTab].map(tab => tab.request('onMessage', join)))
  await guest.say('When do you open?')
  const texts = [await guest.next(saysSomething), await guest.next(saysSomething)].map(({ body }) => (body as { text: string }).text)
  t.match(texts, [/^Hello Ada/, /9:00/])
})

t.test('does not show that it types where the deployment is configured so', async t => {
  const [deployment] = configWith(temporaryFolder(t)).deployments
  const { messenger } = deployment!
  const conversations = { ...messenger.apps.conversations, showAgentTypingIndicator: false }
  const { signedInGuest } = await startGenesys(t, { deployments: [{ ...deployment!, messenger: { ...messenger, apps: { conversations } } }] })
  const guest = await signedInGuest()
  await guest.request('onMessage', join)
  t.match(await hear(guest), { type: 'Text' })
})

t.test('says nothing any more in a conversation that has ended', async t => {
  const { signedInGuest } = await startGenesys(t, { agentDelayMs: 500 })
  const guest = await signedInGuest()
  const other = await signedInGuest()
  const later = stopClock(t, { timeouts: true })
  await guest.say('help')
  t.match(await hear(guest), { type: 'Event', events: [{ eventType: 'Typing' }] })
  const watcher = await signedInGuest(ada, { token: guest.token })
  await guest.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }] } })
  await other.say('help')
  await until('another guest is answered', () => {
    later(0.5)
    return other.unread.some(saysSomething)
  })
  // What was sent to this one before is there then.
  await watcher.request('echo', { message: { type: 'Text', text: 'ping' } })
  t.same(watcher.unread.filter(saysSomething), [])
})

t.test('a guest chooses a quick reply, then a tour of the cards, and is answered', async t => {
  const { signedInGuest } = await startGenesys(t)
  const guest = await signedInGuest()
  const choose = (text: string, payload: string, type: string) => guest.request('onMessage', {
    message: { type: 'Structured', text, content: [{ contentType: 'ButtonResponse', buttonResponse: { text, payload, type } }] }
  })
  await guest.say('Hello')
  t.match((await guest.next(saysSomething)).body, {
    type: 'Structured', text: /^Hello Ada!/, content: ['Opening hours', 'Tours', 'Who am I?'].map(text => ({ contentType: 'QuickReply', quickReply: { text, action: 'Message' } }))
  })
  await choose('Tours', 'tours', 'QuickReply')
  t.match((await guest.next(saysSomething)).body, { type: 'Structured', content: [{ contentType: 'Carousel', carousel: { cards: { length: 3 } } }] })
  await choose('Choose 13:00', 'tour-13:00', 'Button')
  t.match((await guest.next(saysSomething)).body, { type: 'Text', text: /midday tour at 13:00/ })
})

t.test('calls a guest by what is verified', async t => {
  const { given_name: givenName, name, email, ...bare } = ada
  const cases: [VerifiedIdentity | undefined, RegExp][] = [
    [ada, /^Hello Ada,/],
    [{ ...bare, name, email }, /^Hello Ada Lovelace,/],
    [{ ...bare, email }, /^Hello ada@example\.com,/],
    [bare, /^Hello, .*verified/],
    [{ ...ada, given_name: '愛'.repeat(500) }, /^Hello 愛{79}…,/],
    [undefined, /^Hello, I am Robin\. How/]
  ]
  for (const [identity, expected] of cases) t.match(greeting(identity), expected)
  t.notMatch(greeting(undefined), /verified/)
})

t.test('answers a few topics, and never repeats the guest\'s words', async t => {
  const cases: [string, VerifiedIdentity | undefined, RegExp][] = [
    ['When do you open?', ada, /9:00/],
    ['I want to book a tour', ada, /10:00/],
    ['Who am I?', ada, /Ada Lovelace, verified by idp\.localhost\. .*ada@example\.com, which is confirmed/],
    ['who am i', { ...ada, email_verified: false }, /is not confirmed yet/],
    ['Who am I?', undefined, /not signed in/],
    ['help', ada, /opening hours/],
    ['<img src=x onerror=alert(1)>', ada, /not sure I understood/]
  ]
  for (const [text, identity, expected] of cases) t.match(textIn(answerTo(textOf(text), { identity })), expected, text)
  t.notMatch(textIn(answerTo(textOf('<img src=x onerror=alert(1)>'), { identity: ada })), /onerror/)
})

t.test('answers a choice by its payload, and one that it does not know by its text', async t => {
  const answer = (message: StructuredMessage) => textIn(answerTo(message, { identity: ada }))
  t.match(answer(choiceOf('hours')), /9:00/)
  t.match(answer(choiceOf('who-am-i')), /Ada Lovelace/)
  t.match(answer(choiceOf('tour-16:00')), /afternoon tour at 16:00/)
  t.match(answer(choiceOf('of-a-person', 'Opening hours')), /9:00/)
  t.match(answer(choiceOf('of-a-person', 'Thursday')), /not sure/)
})

t.test('thanks for a file without repeating its name, and answers what was written with it', async t => {
  const bare = textIn(answerTo(inbound({ type: 'Text', content: [attachment] }, ada), { identity: ada }))
  t.match(bare, /file has arrived/)
  t.notMatch(bare, /passport/)
  t.match(textIn(answerTo(inbound({ type: 'Text', text: 'When do you open?', content: [attachment] }, ada), { identity: ada })), /9:00/)
})

t.test('says where a person can take over, if anywhere', async t => {
  const desk = 'http://genesys.localhost:3002/desk'
  t.match(textIn(answerTo(textOf('Can I talk to a human?'), { identity: ada, desk })), `Someone at the desk can take over: ${desk}`)
  t.match(textIn(answerTo(textOf('an agent please'), { identity: ada })), /the only one here/)
})
