// Who answers the guests: the script, and persons at the desk who take over from it.
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import t from 'tap'
import { readBrand } from '#lib/brand/brand-setting.ts'
import { AgentScript } from '../../services/genesys/agent/agent-script.ts'
import { maxFileBytes } from '../../services/genesys/attachments/file-rules.ts'
import type { VerifiedIdentity } from '../../services/genesys/auth/identity.ts'
import { inbound } from '../../services/genesys/conversations/compose-message.ts'
import type { Content, StructuredMessage } from '../../services/genesys/protocol/structured-message.ts'
import { stopClock } from '../helpers/clock.ts'
import { Desk } from '../helpers/desk.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { until } from '../helpers/until.ts'
import { ada, anonymousDeploymentId, another, configWith, deploymentWhere, grace, startGenesys, stepUpDeploymentId } from './helper.ts'

const script = new AgentScript(readBrand('kayaks'))
const host = 'genesys.localhost:3002'
const withoutTyping = deploymentWhere({ showAgentTypingIndicator: false })
const goesOn = deploymentWhere({ conversationDisconnect: { enabled: true, type: 'Send' } })
const { app, url, signedInGuest } = await startGenesys(t, {
  lab: true, deployments: [...configWith('').deployments, withoutTyping, goesOn]
})
const desk = new Desk(url, host)
/** Where the script takes half a second. */
const slow = await startGenesys(t, { lab: true, agentDelayMs: 500 })

const presence = (type: string) => ({ message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type } }] } })
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
  const guest = await signedInGuest()
  await guest.request('onMessage', presence('Join'))
  t.match(await hear(guest), {
    type: 'Event', events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }], originatingEntity: 'Bot', channel: { from: { nickname: 'Robin' } }
  })
  t.match(await hear(guest), {
    type: 'Text', text: /^Hello Ada, .*verified/, direction: 'Outbound', originatingEntity: 'Bot', channel: { from: { nickname: 'Robin', firstName: 'Robin' } }
  })
})

t.test('greets once, however often the guest joins', async t => {
  const guest = await signedInGuest()
  const otherTab = await signedInGuest(ada, { token: guest.token })
  await Promise.all([guest, otherTab].map(tab => tab.request('onMessage', presence('Join'))))
  await guest.say('When do you open?')
  const texts = [await guest.next(saysSomething), await guest.next(saysSomething)].map(({ body }) => (body as { text: string }).text)
  t.match(texts, [/^Hello Ada/, /9:00/])
})

t.test('does not show that it types where the deployment is configured so', async t => {
  const guest = await signedInGuest(ada, { deploymentId: withoutTyping.id })
  await guest.request('onMessage', presence('Join'))
  t.match(await hear(guest), { type: 'Text' })
})

t.test('says nothing any more in a conversation that has ended', async t => {
  const { signedInGuest } = slow
  const guest = await signedInGuest()
  const other = await signedInGuest()
  const later = stopClock(t, { timeouts: true })
  await guest.say('help')
  t.match(await hear(guest), { type: 'Event', events: [{ eventType: 'Typing' }] })
  const watcher = await signedInGuest(ada, { token: guest.token })
  await guest.request('onMessage', presence('Disconnect'))
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
  const guest = await signedInGuest()
  const choose = (text: string, payload: string, type: string) => guest.request('onMessage', {
    message: { type: 'Structured', text, content: [{ contentType: 'ButtonResponse', buttonResponse: { text, payload, type } }] }
  })
  await guest.say('Hello')
  t.match((await guest.next(saysSomething)).body, {
    type: 'Structured',
    text: /^Hello Ada!/,
    content: ['Tours', 'My booking', 'Opening hours', 'Dogs', 'Gift vouchers', 'Bad weather', 'Who am I?']
      .map(text => ({ contentType: 'QuickReply', quickReply: { text, action: 'Message' } }))
  })
  await choose('Tours', 'offers', 'QuickReply')
  t.match((await guest.next(saysSomething)).body, {
    type: 'Structured',
    content: [{
      contentType: 'Carousel',
      carousel: { cards: ['First light', 'Seal Sands', 'Moonrise paddle', 'Kayak hire'].map(title => ({ title, image: /^http:\/\/app\.localhost:3000\/brand\/[\w-]+\.svg$/ })) }
    }]
  })
  await choose('Choose Seal Sands', 'seal-sands', 'Button')
  t.match((await guest.next(saysSomething)).body, { type: 'Text', text: /^Seal Sands: 4 hours, Some experience, £65\. .*nothing is booked yet/ })
})

t.test('asks who the guest is before it tells what is theirs, and goes on with it after the sign-in', async t => {
  const { open, tokens } = await startGenesys(t, { brand: readBrand('bank') })
  const begin = async (deploymentId: string) => {
    const guest = await open({ deploymentId })
    await guest.request('configureSession')
    return guest
  }
  const signIn = async (guest: Guest) => {
    const { jwt } = await tokens.issue({ deploymentId: stepUpDeploymentId, identity: another(ada) })
    await guest.request('configureAuthenticatedSession', { data: { code: jwt } })
  }
  const guest = await begin(stepUpDeploymentId)
  await guest.say('What is my balance?')
  t.match((await guest.next(saysSomething)).body, { text: /choose “Sign in” in this window/ })
  await signIn(guest)
  t.match((await guest.next(saysSomething)).body, { text: /^Ada, your Everyday account .*£2,418\.20/ })
  await guest.say('block my card')
  t.match((await guest.next(saysSomething)).body, { text: /is blocked from this moment/ })

  const other = await begin(stepUpDeploymentId)
  await other.say('When are you open?')
  t.match((await other.next(saysSomething)).body, { text: /9:30/ })
  await signIn(other)
  await other.say('thanks')
  t.match((await other.next(saysSomething)).body, { text: /welcome/ }, 'what was answered already is not said again')

  const stranger = await begin(anonymousDeploymentId)
  await stranger.say('What is my balance?')
  t.match((await stranger.next(saysSomething)).body, { text: /nobody can sign in to it/ })
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
  for (const [identity, expected] of cases) t.match(script.greeting(identity), expected)
  t.notMatch(script.greeting(undefined), /verified/)
})

t.test('answers a few topics, and never repeats the guest\'s words', async t => {
  const cases: [string, VerifiedIdentity | undefined, RegExp][] = [
    ['When do you open?', ada, /9:00/],
    ['I want to book a tour', ada, /Which one would suit you/],
    ['Who am I?', ada, /Ada Lovelace, verified by idp\.localhost\. .*ada@example\.com, which is confirmed/],
    ['who am i', { ...ada, email_verified: false }, /is not confirmed yet/],
    ['Who am I?', undefined, /not signed in/],
    ['help', ada, /Saltmarsh Kayaks/],
    ['<img src=x onerror=alert(1)>', ada, /not sure I understood/]
  ]
  for (const [text, identity, expected] of cases) t.match(textIn(script.answerTo(textOf(text), { identity })), expected, text)
  t.notMatch(textIn(script.answerTo(textOf('<img src=x onerror=alert(1)>'), { identity: ada })), /onerror/)
})

t.test('answers a choice by its payload, and one that it does not know by its text', async t => {
  const answer = (message: StructuredMessage) => textIn(script.answerTo(message, { identity: ada }))
  t.match(answer(choiceOf('hours')), /9:00/)
  t.match(answer(choiceOf('who-am-i')), /Ada Lovelace/)
  t.match(answer(choiceOf('moonrise')), /^Moonrise paddle: .*£58/)
  t.match(answer(choiceOf('of-a-person', 'Opening hours')), /9:00/)
  t.match(answer(choiceOf('of-a-person', 'Blue')), /not sure/)
})

t.test('thanks for a file without repeating its name, and answers what was written with it', async t => {
  const bare = textIn(script.answerTo(inbound({ type: 'Text', content: [attachment] }, ada), { identity: ada }))
  t.match(bare, /file has arrived/)
  t.notMatch(bare, /passport/)
  t.match(textIn(script.answerTo(inbound({ type: 'Text', text: 'When do you open?', content: [attachment] }, ada), { identity: ada })), /9:00/)
})

t.test('says where a person can take over, if anywhere', async t => {
  const desk = 'http://genesys.localhost:3002/desk'
  t.match(textIn(script.answerTo(textOf('Can I talk to a human?'), { identity: ada, desk })), `Someone at the desk can take over: ${desk}`)
  t.match(textIn(script.answerTo(textOf('an agent please'), { identity: ada })), /the only one here/)
})

const body = (frame: GuestFrame) => frame.body as StructuredMessage
const text = (frame: GuestFrame) => (frame.body as { text?: string }).text
const saying = (expected: string | RegExp) => (frame: GuestFrame) =>
  typeof expected === 'string' ? text(frame) === expected : expected.test(text(frame) ?? '')
const fromScript = (frame: GuestFrame) => body(frame).originatingEntity === 'Bot' && body(frame).type !== 'Event'

/** A conversation in which the guest has just written, and been answered by the script. */
async function begun (desk: Desk, guest: Guest, words: string = randomUUID()) {
  await guest.say(words)
  await guest.next(fromScript)
  for (const conversation of (await desk.list('?pageSize=100')).entities) {
    const opened = await desk.ask<{ messages: { entities: StructuredMessage[] } }>('GET', `/desk/conversations/${conversation.conversationId}`)
    if (opened.body.messages.entities.some(message => message.type === 'Text' && message.text === words)) return conversation
  }
  throw new Error('the desk does not list the conversation')
}

/** Several requests in one piece, so that the service has them all before it has answered one. */
async function postAtOnce (url: string, path: string, bodies: object[]): Promise<number[]> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(bodies.map((body, index) => {
    const json = JSON.stringify(body)
    const close = index === bodies.length - 1 ? 'Connection: close\r\n' : ''
    return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n${close}Content-Length: ${json.length}\r\n\r\n${json}`
  }).join(''))
  let answers = ''
  for await (const part of socket.setEncoding('utf8')) answers += part
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
}

t.test('a person takes a conversation: the script hands over once, then is silent, and comes back when it is given back', async t => {
  const guest = await signedInGuest()
  const other = await signedInGuest(grace)
  const { conversationId } = await begun(desk, guest)
  t.match(await desk.act(conversationId, 'take', { name: 'Kim' }), { status: 200, body: { agent: { name: 'Kim' }, scripted: false } })
  t.match(body(await guest.next(saying('I am handing you over to Kim.'))), { originatingEntity: 'Bot', channel: { from: { nickname: 'Robin' } } })
  t.match(await desk.act(conversationId, 'take', { name: 'Kim' }), { status: 200 }, 'again, in another window')

  await guest.say('When do you open?')
  t.match(await desk.act(conversationId, 'messages', { name: 'Kim', text: 'At nine.' }), { status: 200, body: { type: 'Text', text: 'At nine.' } })
  t.match(body(await guest.next(saying('At nine.'))), {
    type: 'Text', direction: 'Outbound', originatingEntity: 'Human', channel: { from: { nickname: 'Kim' } }
  })
  await other.say('When do you open?')
  await other.next(saying(/9:00/))
  t.strictSame(guest.unread.filter(fromScript).map(text), [], 'the script, which answers others, says nothing here')

  t.match(await desk.act(conversationId, 'release', { name: 'Kim' }), { status: 200, body: { agent: null, scripted: true } })
  t.match(body(await guest.next(saying(/I am back/))), { originatingEntity: 'Bot' })
  await guest.say('When do you open?')
  t.match(body(await guest.next(saying(/9:00/))), { originatingEntity: 'Bot' })
})

t.test('what the script was about to say is not said once a person has taken the conversation', async t => {
  const { signedInGuest } = slow
  const desk = new Desk(slow.url, host)
  const guest = await signedInGuest()
  const other = await signedInGuest(grace)
  const later = stopClock(t, { timeouts: true })
  await guest.say('When do you open?')
  await guest.next(frame => body(frame).originatingEntity === 'Bot')
  const { conversationId } = await desk.find('When do you open?')
  await desk.act(conversationId, 'take', { name: 'Kim' })
  await guest.next(saying('I am handing you over to Kim.'))
  await desk.act(conversationId, 'release', { name: 'Kim' })
  await guest.next(saying(/I am back/))
  await other.say('When do you open?')
  await until('another guest is answered', () => {
    later(0.5)
    return other.unread.some(saying(/9:00/))
  })
  // What was sent to this one before is there then.
  await guest.request('echo', { message: { type: 'Text', text: 'ping' } })
  t.strictSame(guest.unread.filter(fromScript).map(text), [], 'nor when it is given back at once')
})

t.test('where only persons answer, the script does not even hand over', async t => {
  const { url, signedInGuest } = await startGenesys(t, { lab: true, agent: 'desk' })
  const desk = new Desk(url, host)
  const guest = await signedInGuest()
  await guest.request('onMessage', presence('Join'))
  await guest.say('Is anybody there?')
  const conversation = await desk.find('Is anybody there?')
  t.equal(conversation.scripted, false)
  await desk.act(conversation.conversationId, 'take', { name: 'Kim' })
  await desk.act(conversation.conversationId, 'messages', { name: 'Kim', text: 'I am.' })
  await guest.next(saying('I am.'))
  t.strictSame(guest.unread.filter(frame => body(frame).direction === 'Outbound').map(text), [])
})

t.test('one person at a time: another is told who has it, and may take it over', async t => {
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  const early = await desk.act(conversationId, 'messages', { name: 'Kim', text: 'hello' })
  t.match(early, { status: 409, body: { message: 'Take the conversation first.' } })
  const [winner, loser] = ['Kim', 'Noor']
  const statuses = await postAtOnce(url, `/desk/conversations/${conversationId}/take`, [{ name: winner }, { name: loser }])
  t.strictSame(statuses, [200, 409], 'of two at the same moment, one gets it')
  t.match(await desk.act(conversationId, 'take', { name: loser }), { status: 409, body: { status: 409, message: 'Kim has taken this conversation.' } })
  await guest.next(saying(`I am handing you over to ${winner}.`))

  t.match(await desk.act(conversationId, 'take', { name: loser, takeOver: true }), { status: 200, body: { agent: { name: loser } } })
  for (const [act, fields] of Object.entries({ messages: { text: 'still me' }, typing: { on: true }, release: {}, disconnect: {} })) {
    const answer = await desk.act(conversationId, act, { name: winner, ...fields })
    t.match(answer, { status: 409, body: { message: `${loser} has taken this conversation.` } }, act)
  }
  await desk.act(conversationId, 'messages', { name: loser, text: 'now me' })
  await guest.next(saying('now me'))
  t.strictSame(guest.unread.filter(fromScript).map(text), [], 'the script had handed over already')
})

t.test('quick replies reach the guest as buttons, and the choice comes back to the desk', async t => {
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  await desk.act(conversationId, 'take', { name: 'Kim' })
  const quickReplies = [{ text: 'Thursday' }, { text: 'Friday', payload: 'day-5' }]
  await desk.act(conversationId, 'messages', { name: 'Kim', text: 'Which day?', quickReplies })
  t.match(body(await guest.next(saying('Which day?'))), {
    type: 'Structured',
    content: [
      { contentType: 'QuickReply', quickReply: { text: 'Thursday', payload: 'Thursday', action: 'Message' } },
      { contentType: 'QuickReply', quickReply: { text: 'Friday', payload: 'day-5', action: 'Message' } }
    ]
  })
  const events = await desk.watch()
  t.teardown(() => events.close())
  await guest.request('onMessage', {
    message: {
      type: 'Structured',
      text: 'Friday',
      content: [{ contentType: 'ButtonResponse', buttonResponse: { text: 'Friday', payload: 'day-5', type: 'QuickReply' } }]
    }
  })
  t.match(await events.next(({ event }) => event === 'message'), {
    data: { conversationId, message: { type: 'Structured', content: [{ contentType: 'ButtonResponse', buttonResponse: { payload: 'day-5' } }] } }
  })
})

t.test('the guest sees that the agent types, where the deployment shows it', async t => {
  for (const shown of [true, false]) {
    const guest = await signedInGuest(ada, shown ? {} : { deploymentId: withoutTyping.id })
    const { conversationId } = await begun(desk, guest)
    await desk.act(conversationId, 'take', { name: 'Kim' })
    for (const on of [true, false]) t.match(await desk.act(conversationId, 'typing', { name: 'Kim', on }), { status: 204 })
    await desk.act(conversationId, 'messages', { name: 'Kim', text: 'hello' })
    await guest.next(saying('hello'))
    const typing = guest.unread.map(body).filter(({ type, originatingEntity }) => type === 'Event' && originatingEntity === 'Human')
    t.match(typing, shown ? [{ events: [{ typing: { type: 'On', duration: 5000 } }] }, { events: [{ typing: { type: 'Off' } }] }] : [])
    t.equal(typing.length, shown ? 2 : 0)
  }
})

t.test('a file goes to the guest, checked as a guest\'s own would be', async t => {
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  const path = `/desk/conversations/${conversationId}/attachments`
  const attach = (fileName: string, body: Buffer, type = 'text/plain') =>
    desk.ask('POST', `${path}?${new URLSearchParams({ name: 'Kim', fileName })}`, { body, headers: { 'content-type': type } })
  t.match(await attach('tide table.txt', Buffer.from('high at noon')), { status: 409, body: { message: 'Take the conversation first.' } })
  await desk.act(conversationId, 'take', { name: 'Kim' })

  t.match(await attach('tide table.txt', Buffer.from('high at noon'), 'text/plain;charset=utf-8'), { status: 200, body: { type: 'Text' } })
  const frame = await guest.next(frame => body(frame).originatingEntity === 'Human')
  t.match(frame.body, {
    type: 'Text',
    content: [{ contentType: 'Attachment', attachment: { filename: 'tide table.txt', fileSize: 12, mediaType: 'File', mime: 'text/plain', url: String } }]
  })
  const { content } = frame.body as { content: [{ attachment: { url: string } }] }
  const { pathname, search } = new URL(content[0].attachment.url)
  t.equal((await app.inject(pathname + search)).body, 'high at noon')

  const refused: [string, Promise<{ status: number, body: object }>, number][] = [
    ['a name that leads elsewhere', attach('../../x.txt', Buffer.from('x')), 400],
    ['a program', attach('setup.exe', Buffer.from('MZ'), 'application/octet-stream'), 400],
    ['an empty file', attach('empty.txt', Buffer.alloc(0)), 400],
    ['a file over the limit', attach('big.txt', Buffer.alloc(maxFileBytes + 1, 'x')), 413],
    ['no name', desk.ask('POST', `${path}?name=Kim`, { body: Buffer.from('x'), headers: { 'content-type': 'text/plain' } }), 400]
  ]
  for (const [what, answer, status] of refused) t.match(await answer, { status, body: { status, message: /./, contextId: String } }, what)
})

t.test('a file that nobody may send is refused before it is there, so that none is held in memory', async t => {
  const { conversationId } = await begun(desk, await signedInGuest())
  const answer = await desk.ask('POST', `/desk/conversations/${conversationId}/attachments?name=Kim&fileName=long.txt`, {
    body: Buffer.from('only the beginning'),
    headers: { 'content-type': 'text/plain', 'content-length': String(maxFileBytes) }
  })
  t.match(answer, { status: 409, body: { message: 'Take the conversation first.' } })
})

t.test('the agent ends the conversation: from then on it can be read only', async t => {
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  await desk.act(conversationId, 'take', { name: 'Kim' })
  t.match(await desk.act(conversationId, 'disconnect', { name: 'Kim' }), { status: 204 })
  t.match(body(await guest.next(frame => body(frame).metadata?.['readOnly'] === 'true')), {
    type: 'Event', direction: 'Outbound', originatingEntity: 'Human', events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }]
  })
  t.match(await guest.say('one more thing'), { class: 'string', code: 409 })
  for (const [act, fields] of Object.entries({ take: {}, messages: { text: 'hello?' }, typing: { on: true }, release: {}, disconnect: {} })) {
    const answer = await desk.act(conversationId, act, { name: 'Kim', ...fields })
    t.match(answer, { status: 409, body: { message: 'This conversation has ended: it can only be read.' } }, act)
  }
  t.match(await desk.ask('GET', `/desk/conversations/${conversationId}`), { status: 200, body: { readOnly: true, agent: null, scripted: false } })
})

t.test('where guests may go on writing after the agent has left, the script answers them', async t => {
  const guest = await signedInGuest(ada, { deploymentId: goesOn.id })
  const { conversationId } = await begun(desk, guest)
  await desk.act(conversationId, 'take', { name: 'Kim' })
  await desk.act(conversationId, 'disconnect', { name: 'Kim' })
  const left = await guest.next(frame => body(frame).type === 'Event' && body(frame).originatingEntity === 'Human')
  t.equal(body(left).metadata?.['readOnly'], undefined)
  await guest.say('When do you open?')
  t.match(body(await guest.next(saying(/9:00/))), { originatingEntity: 'Bot' })
})

t.test('a conversation that the guest has cleared is not there any more', async t => {
  const guest = await signedInGuest()
  const { conversationId } = await begun(desk, guest)
  await desk.act(conversationId, 'take', { name: 'Kim' })
  await guest.request('onMessage', presence('Clear'))
  const refused = await desk.act(conversationId, 'messages', { name: 'Kim', text: 'hello?' })
  t.match(refused, { status: 404, body: { message: /^This conversation is over/ } })
  t.match(await desk.ask('GET', `/desk/conversations/${conversationId}`), { status: 404 })
  t.notOk((await desk.list('?pageSize=100')).entities.some(other => other.conversationId === conversationId))
})
