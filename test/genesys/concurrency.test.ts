import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import type { VerifiedIdentity } from '../../services/genesys/auth/identity.ts'
import { tags, type Attachment } from '../../services/genesys/attachments/attachment.ts'
import type { StructuredMessage } from '../../services/genesys/protocol/structured-message.ts'
import { Desk } from '../helpers/desk.ts'
import type { Guest, GuestFrame } from '../helpers/guest.ts'
import { until } from '../helpers/until.ts'
import { ada, another, anonymousDeploymentId, deploymentId, startGenesys, stepUpDeploymentId } from './helper.ts'

// What two do at the same moment comes in another order each time, so it is done several times, a little later each.
const rounds = Array.from({ length: 20 }, (_, round) => round)

const clear = { message: { type: 'Event', events: [{ eventType: 'Presence', presence: { type: 'Clear' } }] } }
const isSignIn = ({ body }: GuestFrame) => /"SignIn"/.test(JSON.stringify(body))
const afterTurns = async (turns: number) => { for (let turn = 0; turn < turns; turn++) await nextTurn() }

/** What a request was answered with; nothing where the socket was closed before. */
const answerOf = (answer: Promise<GuestFrame>) => answer.catch(() => undefined)

const { app, url, folder, store, open, signedInGuest, tokens } = await startGenesys(t, { lab: true, agent: 'desk' })
const desk = new Desk(url, 'genesys.localhost:3002')
const messages = store.collection<StructuredMessage>('message')
const attachments = store.collection<Attachment>('attachment')
const files = () => readdir(join(folder, 'genesys', 'attachments'))

/** A guest who has not signed in yet, and a JWT to do so. */
async function visitor (identity: VerifiedIdentity, token?: string) {
  const guest = await open({ deploymentId: stepUpDeploymentId, ...(token && { token }) })
  await guest.request('configureSession')
  const { jwt } = await tokens.issue({ deploymentId: stepUpDeploymentId, identity })
  return { guest, jwt }
}

t.test('who signs out while a tab is still signing in is signed out there too', async t => {
  const stillSignedIn: number[] = []
  for (const round of rounds) {
    const guest = await open()
    const { jwt } = await tokens.issue({ deploymentId, identity: another(ada) })
    const configured = answerOf(guest.request('configureAuthenticatedSession', { data: { code: jwt } }))
    await afterTurns(round)
    await app.inject({ method: 'DELETE', url: '/api/v2/webdeployments/token/revoke', headers: { authorization: `bearer ${jwt}` } })
    await configured
    if ((await answerOf(guest.say('still here')))?.code === 200) stillSignedIn.push(round)
  }
  t.strictSame(stillSignedIn, [])
})

t.test('a guest who leaves while the session is being set up is not shown as present', async t => {
  const people = rounds.map(() => another(ada))
  for (const identity of people) {
    const guest = await open()
    const { jwt } = await tokens.issue({ deploymentId, identity })
    guest.send('configureAuthenticatedSession', { data: { code: jwt } })
    await guest.close()
  }
  let shown: number[] = []
  const look = async () => {
    const { entities } = await desk.list('?pageSize=100')
    shown = entities.filter(({ guest }) => people.some(({ sub }) => sub === guest.sub)).map(({ connections }) => connections)
  }
  await until('all sessions were set up', async () => {
    await look()
    return shown.length === rounds.length
  })
  await until('nobody is shown as present', async () => {
    await look()
    return shown.every(connections => connections === 0)
  }).catch(() => { /* what is shown tells more */ })
  t.strictSame(shown, rounds.map(() => 0))
})

t.test('nothing stays of what a guest writes in one tab while clearing the conversation in another', async t => {
  const conversations: string[] = []
  for (const person of rounds.map(() => another(ada))) {
    const tab = await signedInGuest(person)
    const other = await signedInGuest(person, { token: tab.token })
    conversations.push((await desk.list('?pageSize=1')).entities[0]!.conversationId)
    const cleared = tab.request('onMessage', clear)
    for (let sent = 0; sent < 4; sent++) {
      other.send('onMessage', { message: { type: 'Text', text: 'one more thing' } })
      if (sent % 2) await nextTurn()
    }
    t.match(await cleared, { code: 200 })
    await other.closed
  }
  const left = await Promise.all(conversations.map(conversation => messages.countTagged(conversation)))
  t.strictSame(left, rounds.map(() => 0))
})

t.test('nothing stays of a file that the agent sends while the guest clears the conversation', async t => {
  const conversations: string[] = []
  let refused = 0
  for (const person of rounds.slice(0, 10).map(() => another(ada))) {
    const guest = await signedInGuest(person)
    const { conversationId } = (await desk.list('?pageSize=1')).entities[0]!
    conversations.push(conversationId)
    await desk.act(conversationId, 'take', { name: 'Kim' })
    const sent = desk.ask('POST', `/desk/conversations/${conversationId}/attachments?name=Kim&fileName=plan.txt`, {
      body: Buffer.alloc(2_000_000, 'x'), headers: { 'content-type': 'text/plain' }
    })
    const answers: unknown[] = []
    sent.then(answer => answers.push(answer))
    while (answers.length === 0 && !(await files()).some(file => file.endsWith('.part'))) await nextTurn()
    t.match(await guest.request('onMessage', clear), { code: 200 })
    const { status, text } = await sent
    // Where it was there before the guest's request, it goes with the rest.
    if (status === 200) continue
    t.match({ status, text }, { status: 404, text: /This conversation is over/ })
    refused += 1
  }
  t.ok(refused > 0, `of 10 files, ${refused} came too late`)
  const left = await Promise.all(conversations.map(async conversation =>
    await messages.countTagged(conversation) + await attachments.countTagged(tags.conversation(conversation))))
  t.strictSame(left, conversations.map(() => 0))
  t.strictSame(await files(), [])
})

t.test('of two tabs that open at once, one starts the conversation and the other joins it', async t => {
  for (const round of rounds) {
    const first = await open({ deploymentId: anonymousDeploymentId })
    const second = await open({ deploymentId: anonymousDeploymentId, token: first.token })
    const answers = await Promise.all([first, second].map(tab => tab.request('configureSession')))
    const started = answers.map(({ body }) => (body as { newSession: boolean }).newSession)
    t.strictSame(started.sort(), [false, true], `round ${round + 1}`)
    await Promise.all([first.close(), second.close()])
  }
})

t.test('of two devices on which a person signs in at once, one keeps the conversation, and can go on in it', async t => {
  for (const round of rounds) {
    const person = another(ada)
    const devices = [await visitor(person), await visitor(person)]
    await Promise.all(devices.map(({ guest, jwt }) => answerOf(guest.request('configureAuthenticatedSession', { data: { code: jwt } }))))
    const said = await Promise.all(devices.map(({ guest }) => answerOf(guest.say('am I the one?'))))
    t.equal(said.filter(answer => answer?.code === 200).length, 1, `round ${round + 1}: one device can write`)
    const hers = (await desk.list('?pageSize=100')).entities.filter(({ guest }) => guest.sub === person.sub)
    t.match(hers, [{ lastMessage: { text: 'am I the one?' } }], 'and the desk has one conversation with her')
    t.equal(hers.length, 1)
  }
})

t.test('a person who signs in from two tabs of a conversation at once is announced once', async t => {
  for (const round of rounds) {
    const person = another(ada)
    const { guest: tab, jwt } = await visitor(person)
    const { guest: other } = await visitor(person, tab.token)
    const tabs: Guest[] = [tab, other]
    const configure = (each: Guest) => each.request('configureAuthenticatedSession', { data: { code: jwt } })
    const answers = await Promise.all(tabs.map(each => answerOf(configure(each))))
    t.strictSame(answers.filter(Boolean).map(answer => answer!.class), ['SessionResponse'], 'the other tab is to come again')
    const first = tabs[answers.findIndex(Boolean)]!
    const again = await open({ deploymentId: stepUpDeploymentId, token: tab.token })
    t.match(await configure(again), { class: 'SessionResponse', body: { newSession: false } })
    // Each has seen what came before the answer to what it asked last.
    for (const each of [first, again]) await each.say('hello')
    t.strictSame([first, again].map(({ unread }) => unread.filter(isSignIn).length), [1, 0], `round ${round + 1}`)
  }
})
