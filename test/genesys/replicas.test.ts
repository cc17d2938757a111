// What several processes of Genesys on one store make of guests who are at each of them, and of one that is killed.
import t, { type Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import type { StructuredMessage } from '../../services/genesys/protocol/structured-message.ts'
import { stopClock } from '../helpers/clock.ts'
import { Desk } from '../helpers/desk.ts'
import { connect, type Guest, type GuestFrame } from '../helpers/guest.ts'
import { labSettings } from '../helpers/lab.ts'
import { startReplicas } from '../helpers/replica.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'
import { noValkey, startValkey } from '../helpers/valkey.ts'
import { anonymousDeploymentId, buildApp } from './helper.ts'

const messagesOfEach = 70
const host = 'genesys.localhost:3002'

interface Said { text: string, time: string }

const reason = await noValkey()
if (reason !== undefined) {
  t.test('several processes of Genesys on one store', { skip: reason }, async () => {})
} else {
  const server = await startValkey(t, '--appendonly', 'yes', '--appendfsync', 'always')
  const settings = labSettings({
    STORE_URL: server.url, STATE_DIR: temporaryFolder(t), GENESYS_URL: `http://${host}`, GENESYS_RATE_LIMITS: 'off', AGENT: 'desk', LOG_FORMAT: 'json'
  })
  const replicas = await startReplicas(t, 'genesys', 3, settings)
  const [a, b, c] = replicas.map(({ url }) => url) as [string, string, string]

  async function enter (t: Test, url: string, token?: string): Promise<Guest> {
    const guest = await connect(url, { deploymentId: anonymousDeploymentId, ...token !== undefined && { token } })
    t.teardown(() => guest.close())
    const { class: className, body } = await guest.request('configureSession', { deploymentId: anonymousDeploymentId })
    if (className !== 'SessionResponse') throw new Error(`not let in: ${JSON.stringify(body)}`)
    return guest
  }

  /** Who has the conversation that began last. */
  async function takeConversation (url: string) {
    const desk = new Desk(url, host)
    const { conversationId } = (await desk.list()).entities[0]!
    await desk.act(conversationId, 'take', { name: 'Noor' })
    const say = async (text: string) => {
      const { status, body } = await desk.act(conversationId, 'messages', { name: 'Noor', text })
      if (status !== 200) throw new Error(`the desk was answered with ${status}: ${JSON.stringify(body)}`)
    }
    return { desk, conversationId, say }
  }

  async function historyOf (url: string, guest: Guest): Promise<Said[]> {
    const { body } = await guest.request('getJwt')
    const messages: StructuredMessage[] = []
    for (let pageNumber = 1, pageCount = 1; pageNumber <= pageCount; pageNumber++) {
      const response = await fetch(`${url}/api/v2/webmessaging/messages?pageNumber=${pageNumber}&pageSize=100`, {
        headers: { authorization: `bearer ${(body as { jwt: string }).jwt}` }
      })
      const page = await response.json() as { pageCount: number, entities: StructuredMessage[] }
      pageCount = page.pageCount
      messages.push(...page.entities)
    }
    return saidIn(messages.reverse())
  }

  t.test('a guest at one replica, a second tab at another and the desk at a third: every message once, in one order for all', async t => {
    const first = await enter(t, a)
    const second = await enter(t, b, first.token)
    const { desk, conversationId, say } = await takeConversation(c)
    const events = await desk.watch()
    t.teardown(() => events.close())

    const echoes: Record<'first' | 'second', GuestFrame[]> = { first: [], second: [] }
    const numbers = Array.from({ length: messagesOfEach }, (_, index) => index + 1)
    await Promise.all([
      (async () => { for (const n of numbers) echoes.first.push(await first.say(`${n} of the first tab`)) })(),
      (async () => { for (const n of numbers) echoes.second.push(await second.say(`${n} of the second tab`)) })(),
      (async () => { for (const n of numbers) await say(`${n} of the desk`) })()
    ])

    const atDesk = () => saidIn(events.arrived.filter(({ event, data }) => event === 'message' && data.conversationId === conversationId)
      .map(({ data }) => data.message as unknown as StructuredMessage))
    const pushedTo = (guest: Guest) => saidIn(messagesIn(guest.unread))
    await until('everybody has heard everything', () => atDesk().length >= 3 * messagesOfEach &&
      [first, second].every(guest => pushedTo(guest).length >= 2 * messagesOfEach))
    const history = await historyOf(b, second)
    const texts = history.map(({ text }) => text)
    t.strictSame(history, inTime(history), 'the history is in the order of the times')
    t.equal(new Set(history.map(({ time }) => time)).size, history.length, 'which all differ')
    t.strictSame(texts.toSorted(), numbers.flatMap(n => ['first tab', 'second tab', 'desk'].map(who => `${n} of the ${who}`)).sort(), 'and has each once')
    t.strictSame(atDesk(), history, 'the desk has heard the same, in the same order')
    for (const [guest, own] of [[first, echoes.first], [second, echoes.second]] as const) {
      const pushed = pushedTo(guest)
      t.strictSame(pushed, inTime(pushed), 'a tab hears what others say in that order')
      t.strictSame(inTime([...pushed, ...saidIn(messagesIn(own))]), history, 'and has, with what it has said itself, the same')
    }
  })

  t.test('when the store is killed all sockets are closed with 1001, and whoever comes back finds each message once', async t => {
    const first = await enter(t, a)
    const second = await enter(t, b, first.token)
    const { desk, say } = await takeConversation(c)
    const events = await desk.watch()
    await first.say('before, of the first tab')
    await second.say('before, of the second tab')
    await say('before, of the desk')
    const leaving = await enter(t, a)
    await server.kill()
    // Which nobody can be told.
    await leaving.close()
    await server.start()
    t.strictSame(await Promise.all([first.closed, second.closed]), [1001, 1001])
    await until('the desk is told to load anew', () => events.closed)
    await until('all are ready again', async () => (await Promise.all(replicas.map(replica => replica.readiness()))).every(({ status }) => status === 200))
    const [firstAgain, secondAgain] = [await enter(t, b, first.token), await enter(t, a, first.token)]
    await firstAgain.say('after, of the first tab')
    await secondAgain.say('after, of the second tab')
    await say('after, of the desk')
    t.strictSame((await historyOf(c, firstAgain)).map(({ text }) => text), ['before', 'after'].flatMap(when =>
      ['first tab', 'second tab', 'desk'].map(who => `${when}, of the ${who}`)))
    await firstAgain.next(({ body }) => (body as { text?: string }).text === 'after, of the desk')
  })

  t.test('what a killed replica had open does not count among the three sockets of a session for longer than its lease lasts', async t => {
    const letPass = stopClock(t, { intervals: true })
    // Other stores than those of the replicas whose clock goes on.
    const storeUrl = `${server.url}/1`
    const [killed] = await startReplicas(t, 'genesys', 1, { ...settings, STORE_URL: storeUrl })
    const { app } = await buildApp(t, { storeUrl, lab: true, agent: 'desk' })
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const desk = new Desk(url, host)
    const count = async () => (await desk.list()).entities[0]!.connections

    const oldest = await enter(t, url)
    for (let tabs = 0; tabs < 2; tabs++) await enter(t, killed!.url, oldest.token)
    await until('all three are counted', async () => await count() === 3)
    await killed!.kill()
    letPass(30)
    // By the second answer it has been seen that the guest is there: whoever does not answer a ping is cut off.
    for (const text of ['still', 'here']) await oldest.say(text)
    t.equal(await count(), 3)
    letPass(30)
    await until('the one that is left is counted', async () => await count() === 1)

    const tabs = [oldest, await enter(t, url, oldest.token), await enter(t, url, oldest.token)]
    for (const tab of tabs) t.match(await tab.say('I am here'), { code: 200 })
    await until('all three are counted', async () => await count() === 3)
    await enter(t, url, oldest.token)
    t.match(await oldest.next(({ class: className }) => className === 'ConnectionClosedEvent'), { code: 200 }, 'a fourth closes the oldest')
  })
}

const messagesIn = (frames: readonly GuestFrame[]) =>
  frames.flatMap(({ class: className, body }) => className === 'StructuredMessage' ? [body as StructuredMessage] : [])

const saidIn = (messages: StructuredMessage[]): Said[] =>
  messages.flatMap(message => message.type === 'Text' ? [{ text: message.text!, time: message.channel.time }] : [])

const inTime = (said: Said[]) => said.toSorted((one, other) => one.time.localeCompare(other.time))
