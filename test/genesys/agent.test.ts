import t from 'tap'
import { answerTo, greeting } from '../../services/genesys/agent-script.ts'
import type { VerifiedIdentity } from '../../services/genesys/identity.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { ada, configWith, startGenesys, temporaryFolder } from './helper.ts'

const join = { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Join' } }] } }
const fromAgent = ({ body }: GuestFrame) => (body as { direction?: string }).direction === 'Outbound'
const hear = async (guest: Guest) => (await guest.next(fromAgent)).body as { type: string, text: string }

t.test('greets a signed-in guest by the verified name, typing first', async t => {
  const { signedInGuest } = await startGenesys(t)
  const guest = await signedInGuest()
  await guest.request('onMessage', join)
  t.match(await hear(guest), {
    type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }], originatingEntity: 'Bot', channel: { from: { nickname: 'Robin' } }
  })
  t.match(await hear(guest), { type: 'Text', text: /^Hello Ada, .*verified/, direction: 'Outbound', originatingEntity: 'Bot', channel: { from: { nickname: 'Robin', firstName: 'Robin' } } })
})

t.test('greets once, however often the guest joins', async t => {
  const { signedInGuest } = await startGenesys(t)
  const guest = await signedInGuest()
  const otherTab = await signedInGuest(ada, { token: guest.token })
  await Promise.all([guest, otherTab].map(tab => tab.request('onMessage', join)))
  await guest.say('help')
  const texts: string[] = []
  while (texts.length < 2) {
    const { type, text } = await hear(guest)
    if (type === 'Text') texts.push(text)
  }
  t.match(texts, [/^Hello Ada/, /opening hours/])
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
  const later = await signedInGuest()
  await guest.say('help')
  const watcher = await signedInGuest(ada, { token: guest.token })
  await guest.request('onMessage', { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }] } })
  await later.say('help')
  await later.next(frame => fromAgent(frame) && (frame.body as { type: string }).type === 'Text')
  t.same(watcher.unread.filter(frame => (frame.body as { type?: string }).type === 'Text'), [])
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
  for (const [text, identity, expected] of cases) t.match(answerTo(text, identity), expected, text)
  t.notMatch(answerTo('<img src=x onerror=alert(1)>', ada), /onerror/)
})
