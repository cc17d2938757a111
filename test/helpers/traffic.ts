import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import { Browser } from './browser.ts'
import { Desk } from './desk.ts'
import { GenesysApi } from './genesys-api.ts'
import type { KeptMessage } from './history.ts'
import type { LabDescription } from './lab.ts'
import { until } from './until.ts'
import { createWriter, type Writer } from './writer.ts'

const signersAtOnce = 2
const betweenSignIns = 200
const guests = 4
// Sixty requests a minute are allowed on a connection.
const betweenMessages = 1_100
const agent = 'Noor'

/** What has come of the traffic. */
export interface Traffic {
  signIns: number
  /** what went wrong in sign-ins and at the desk, in words */
  failures: string[]
  conversations: Conversation[]
}

interface Conversation {
  writer: Writer
  conversationId: string
  /** what the desk was told that it has sent, by the ids of the messages */
  answers: Map<string, string>
  /** ids of the texts of both sides that the desk has seen as they came, or after it had to connect anew */
  seen: Set<string>
}

/** People sign in one after the other, and guests and the desk write to each other, for as long as something else happens. */
export async function duringTraffic (lab: LabDescription, act: (traffic: Traffic) => Promise<void>): Promise<Traffic> {
  const desk = new Desk(lab.genesys)
  const traffic: Traffic = { signIns: 0, failures: [], conversations: [] }
  for (let guest = 0; guest < guests; guest++) traffic.conversations.push(await begin(lab, desk))

  const over = new AbortController()
  const looking = new AbortController()
  const looked = lookOn(desk, traffic.conversations, looking.signal)
  looked.catch(() => { /* it is awaited at the end */ })
  async function whileItLasts (what: string, step: () => Promise<void>) {
    while (!over.signal.aborted) await step().catch(error => traffic.failures.push(`${what}: ${error.message} ${error.cause ?? ''}`))
  }
  try {
    await Promise.all([
      act(traffic).finally(() => over.abort()),
      ...Array.from({ length: signersAtOnce }, () => whileItLasts('a sign-in', async () => {
        traffic.signIns++
        await signIn(lab)
        await pause(betweenSignIns)
      })),
      ...traffic.conversations.map(conversation => whileItLasts('a conversation', async () => {
        await conversation.writer.say(`question ${conversation.writer.texts.length + 1}`)
        await answer(desk, conversation)
        await pause(betweenMessages)
      }))
    ])
    await until('the desk has seen what was said last', () => traffic.conversations.every(({ writer, answers, seen }) =>
      [...writer.acknowledged.values(), ...answers.keys()].slice(-2).every(id => seen.has(id))))
  } finally {
    looking.abort()
    await looked
  }
  return traffic
}

async function signIn (lab: LabDescription) {
  const browser = new Browser(lab)
  const { status, url, text } = await browser.signIn('alice')
  if (status !== 200 || !(await browser.session()).authenticated) throw new Error(`${url} ${status} ${text.slice(0, 500)}`)
}

async function begin (lab: LabDescription, desk: Desk): Promise<Conversation> {
  const browser = new Browser(lab)
  await browser.signIn('alice')
  const { jwt } = await new GenesysApi(lab).signIn(browser)
  const writer = await createWriter(lab, jwt)
  const first = `I am guest ${crypto.randomUUID()}`
  await writer.say(first)
  const { conversationId } = await desk.find(first)
  const { status, text } = await desk.act(conversationId, 'take', { name: agent })
  if (status !== 200) throw new Error(`the desk cannot take it: ${status} ${text}`)
  return { writer, conversationId, answers: new Map(), seen: new Set() }
}

async function answer (desk: Desk, { conversationId, answers }: Conversation) {
  const said = `answer ${answers.size + 1}`
  const { status, text, body } = await desk.act<{ id: string }>(conversationId, 'messages', { name: agent, text: said })
  if (status !== 200) throw new Error(`${status} ${text}`)
  answers.set(body.id, said)
}

/** The desk as its page: it loads what there is whenever it is connected, and is told the rest. */
async function lookOn (desk: Desk, conversations: Conversation[], over: AbortSignal) {
  while (!over.aborted) {
    const events = await desk.watch().catch(() => undefined)
    if (!events) continue
    for (const conversation of conversations) for (const message of await load(desk, conversation.conversationId)) see(conversation, message)
    await until('the desk has to connect anew, or all is over', () => {
      for (const { data } of events.arrived.splice(0)) {
        const conversation = conversations.find(({ conversationId }) => conversationId === data.conversationId)
        if (conversation && data.message) see(conversation, data.message as unknown as KeptMessage)
      }
      return events.closed || over.aborted
    }, 600_000)
    events.close()
  }
}

function see ({ seen }: Conversation, { id, text }: KeptMessage) {
  if (text !== undefined) seen.add(id)
}

/** Look at what has come of it: nobody has failed to sign in, and what was acknowledged is everywhere, once and in order. */
export async function checkTraffic (t: Test, lab: LabDescription, { signIns, failures, conversations }: Traffic) {
  t.strictSame(failures, [], `of ${signIns} sign-ins none has failed, and at the desk nothing has`)
  const desk = new Desk(lab.genesys)
  for (const { writer, conversationId, answers, seen } of conversations) {
    await writer.listen()
    const { all, kept, ids } = await writer.result()
    const texts = all.filter(({ text }) => text !== undefined)
    t.strictSame(kept.map(({ text }) => text), writer.texts, `the history has each of the ${writer.texts.length} messages once, in order`)
    t.strictSame(kept.map(({ id }) => id), [...ids], 'under the ids of their echoes')
    t.strictSame(texts.filter(({ text }) => text!.startsWith('answer ')).map(({ text }) => text), [...answers.values()], 'and each answer')
    t.strictSame([...writer.heard].filter(([, text]) => text.startsWith('answer ')), [...answers], 'the guest has heard each answer, in order')
    t.strictSame((await load(desk, conversationId)).filter(({ text }) => text !== undefined).map(({ id }) => id), texts.map(({ id }) => id), 'the desk can load the same')
    t.strictSame(texts.filter(({ id }) => !seen.has(id)), [], 'and has seen all of it as it came')
    await writer.leave()
  }
}

/** Wait until every guest has had to connect anew so often, and has gone on writing. */
export async function everybodyIsBack ({ conversations }: Traffic, times: number): Promise<void> {
  await until('every guest is back', () => conversations.every(({ writer }) => writer.reconnects >= times), 60_000)
}

/** What the desk can load of a conversation, oldest first. */
async function load (desk: Desk, conversationId: string): Promise<KeptMessage[]> {
  const messages: KeptMessage[] = []
  for (let page = 1, pageCount = 1; page <= pageCount; page++) {
    const { body } = await desk.ask<{ messages: { entities: KeptMessage[], pageCount: number } }>(
      'GET', `/desk/conversations/${conversationId}?pageNumber=${page}&pageSize=100`)
    messages.push(...body.messages.entities)
    pageCount = body.messages.pageCount
  }
  return messages.reverse()
}
