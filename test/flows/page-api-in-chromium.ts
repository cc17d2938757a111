import type { Test } from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage, type PageGlobals } from '../helpers/messenger-page.ts'
import { until } from '../helpers/until.ts'

const anonymous = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'
const stepUp = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'

/** What a brand's own scripts can do with `Genesys(...)`, on the real host page in a real browser. */
export async function pageApiInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'a page uses the Messenger by script in Chromium')
  if (!chromium) return
  const open = async (t: Test, deploymentId: string) => await (await MessengerPage.open(await newContext(t, chromium), lab, deploymentId)).visit()

  await t.test('calls made before the script is there are kept for it, and who subscribes late gets what is still true', async t => {
    const tab = await open(t, anonymous)
    t.match(await tab.next('GenesysJS.configurationReceived'), {
      data: { deploymentConfig: { status: 'Active' }, snippetConfig: { deploymentId: anonymous } }
    })
    await tab.start()
    const late = await tab.page.evaluate(() => new Promise<string[]>(resolve => {
      const seen: string[] = []
      const { Genesys } = globalThis as unknown as PageGlobals
      const note = ({ event, eventName }: { event: string, eventName?: string }) => { seen.push(`${event} ${eventName}`) }
      for (const name of ['allowedFileTypes', 'ready', 'started']) Genesys('subscribe', `MessagingService.${name}`, note)
      Genesys('subscribe', 'GenesysJS.configurationReceived', (event: { event: string }) => {
        note(event)
        resolve(seen)
      })
    }))
    t.strictSame(late, [
      'MessagingService.ready undefined', 'MessagingService.started undefined', 'GenesysJS.configurationReceived undefined'
    ], 'replays name no eventName, and what happened once does not happen again')
    t.strictSame(tab.complaints, [])
  })

  await t.test('a call that means nothing harms nobody, and a name is taken once', async t => {
    const tab = await open(t, anonymous)
    const taken = await tab.page.evaluate(() => {
      const { Genesys } = globalThis as unknown as PageGlobals
      for (const call of ['executeQueue', 'loadPlugin', 'configure', 'monitor', 'registerChild', 'registerModule']) Genesys(call, 'x')
      Genesys('subscribe', 'MessagingService.started')
      Genesys('command', 'Database.set', { a: 1 })
      Genesys('command', 'Nobody.knows')
      Genesys('registerPlugin', 'Mine')
      Genesys('sing')
      Genesys()
      try {
        Genesys('registerPlugin', 'Auth', () => {})
        return 'registered'
      } catch (error) {
        return (error as Error).message
      }
    })
    t.equal(taken, "Can't register plugin Auth -- Name is already taken")
    t.match(await tab.command('Nobody.knows'), { reason: 'Command Nobody.knows is not available' })
    t.match(await tab.command('Database.get', { name: 'a' }), { value: 1 })
    t.ok(tab.complaints.every(complaint => complaint.includes('is not supported like this')), tab.complaints.join())
  })

  await t.test('the callbacks of a command may stand where its options would', async t => {
    const tab = await open(t, anonymous)
    const answers = await tab.page.evaluate(() => Promise.all([
      new Promise(resolve => {
        (globalThis as unknown as PageGlobals).Genesys('command', 'GenesysJS.configuration', resolve)
      }),
      new Promise(resolve => {
        (globalThis as unknown as PageGlobals).Genesys('command', 'MessagingService.sendMessage', { message: ' ' }, undefined, resolve)
      })
    ]))
    t.match(answers, [{ id: anonymous, auth: { enabled: false } }, 'Message only contains whitespaces'])
    t.notOk('styles' in (answers[0] as { messenger: object }).messenger, 'without its presentation')
  })

  await t.test('a plugin of the page has its own commands, events and data, and hears no more of what it has unsubscribed', async t => {
    const tab = await open(t, anonymous)
    const seen = await tab.page.evaluate(() => new Promise<unknown[]>(resolve => {
      const { Genesys } = globalThis as unknown as PageGlobals
      const seen: unknown[] = []
      Genesys('registerPlugin', 'Mine', (mine: {
        command (name: string, data?: unknown): Promise<unknown>
        subscribe (name: string, callback: (event: { data: unknown }) => void): void
        unsubscribe (name: string): void
        publish (name: string, data?: unknown): void
        republish (name: string, data?: unknown): void
        registerCommand (name: string, handler: (event: { data: { n: number }, resolve (value: unknown): void, reject (why: unknown): void }) => void): void
        data (name: string, value?: unknown): unknown
        ready (): void
      }) => {
        mine.registerCommand('double', ({ data, resolve, reject }) => data.n ? resolve(2 * data.n) : reject('no number'))
        mine.data('colour', 'green')
        mine.subscribe('Mine.once', ({ data }) => {
          seen.push(data)
          mine.unsubscribe('Mine.once')
          mine.publish('once', 'again')
          setTimeout(() => resolve(seen), 50)
        })
        mine.republish('once', 'first')
        mine.ready()
        mine.command('Mine.double', { n: 21 }).then(value => seen.push(value))
        mine.command('Mine.double').catch(why => seen.push(why, mine.data('Mine.colour')))
      })
    }))
    t.strictSame([...seen].sort(), [42, 'first', 'green', 'no number'])
  })

  await t.test('each command says why it cannot be run', async t => {
    const tab = await open(t, anonymous)
    const rejections = async (table: Record<string, [data: unknown, reason: string]>) => {
      for (const [name, [data, reason]] of Object.entries(table)) {
        t.strictSame(await tab.command(`MessagingService.${name}`, data), { reason }, name)
      }
    }
    await rejections({
      sendMessage: [{ message: 'too early' }, 'Messages cannot be sent while authenticating'],
      sendTyping: [{}, 'Typing indicator cannot be sent while authenticating'],
      fetchHistory: [{}, 'not able to fetch history'],
      joinConversation: [{}, 'Cannot start conversation'],
      stepUpConversation: [{}, 'No active conversation found to step-up.'],
      clearConversation: [{}, 'Please check your conversation clear option is enabled in your configuration.']
    })
    await tab.start()
    await tab.next('Conversations.started')
    await rejections({
      startConversation: [{}, 'There is already an active conversation'],
      configureConversation: [{}, 'There is already an active conversation'],
      sendMessage: [{ message: ' \n' }, 'Message only contains whitespaces'],
      requestUpload: [{}, 'There is no file to upload'],
      getFile: [{}, 'There is no attachmentId']
    })
    t.match(await tab.command('Auth.signIn'), { reason: 'Please check your session upgrade option is enabled in your configuration.' })
    t.strictSame(tab.complaints, [])
  })

  await t.test('a conversation is configured first and joined when the page wants it', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    let joins = 0
    tab.page.on('websocket', socket => socket.on('framesent', ({ payload }) => {
      if (String(payload).includes('"Join"')) joins++
    }))
    await tab.visit()
    t.strictSame(await tab.command('MessagingService.configureConversation'), { value: undefined })
    await tab.next('MessagingService.started')
    await tab.command('MessagingService.sendMessage', { message: 'Nobody there yet?' })
    t.equal(joins, 0)
    t.strictSame(await tab.command('MessagingService.joinConversation'), { value: undefined })
    t.equal(joins, 1)
    await until('the agent greets', async () => (await tab.texts('Outbound')).some(text => text.startsWith('Hello')))
  })

  await t.test('typing is told on both sides, and that the agent has ended the conversation', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    let push = (_event: object, _metadata?: object) => {}
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      socket.connectToServer()
      push = (event, metadata) => socket.send(JSON.stringify({
        type: 'message', class: 'StructuredMessage', code: 200, body: { type: 'Event', direction: 'Outbound', id: 'x', events: [event], metadata }
      }))
    })
    await tab.visit()
    await tab.start()
    await tab.next('MessagingService.messagesReceived')
    t.strictSame(await tab.events('MessagingService.typingTimeout'), [], 'the agent has typed until the message was there')
    push({ eventType: 'Typing', typing: { type: 'On', duration: 50 } })
    t.match(await tab.next('MessagingService.typingTimeout'), { event: 'MessagingService.typingTimeout' })
    // In one go: between two of them there could be five seconds.
    await tab.page.evaluate(() => {
      const { Genesys } = globalThis as unknown as PageGlobals
      for (const command of ['sendTyping', 'sendTyping', 'clearTypingTimeout', 'sendTyping']) Genesys('command', `MessagingService.${command}`)
    })
    await tab.next('MessagingService.clientTypingStarted', 2)
    t.equal((await tab.events('MessagingService.clientTypingStarted')).length, 2, 'once in five seconds, unless the page says otherwise')
    push({ eventType: 'Presence', presence: { type: 'Disconnect' } }, { readOnly: 'true' })
    t.match(await tab.next('MessagingService.conversationDisconnected'), { data: { readOnly: true, message: { type: 'Event' } } })
    await tab.next('MessagingService.readOnlyConversation')
    t.strictSame(await tab.command('MessagingService.sendMessage', { message: 'too late' }),
      { reason: 'Conversation session has ended, start a new session to send a message.' })
  })

  await t.test('a conversation can be begun anew and cleared', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    await tab.command('MessagingService.sendMessage', { message: 'before' })
    t.strictSame(await tab.command('MessagingService.resetConversation'), { value: undefined })
    await tab.next('MessagingService.conversationReset')
    t.match(await tab.next('MessagingService.started', 2), { data: { newSession: true } })
    await tab.reload()
    await tab.next('MessagingService.restored')
    t.strictSame(await tab.texts('Inbound'), [], 'nothing of the old one is left')
    t.strictSame(await tab.command('MessagingService.fetchHistory'), { reason: 'All the messages are fetched' })
    t.strictSame(await tab.command('MessagingService.clearConversation'), { value: undefined })
    t.match(await tab.next('MessagingService.conversationCleared'), { data: { class: 'SessionClearedEvent' } })
    t.strictSame(await tab.command('MessagingService.clearConversation'), { reason: 'There is no active conversation found to clear.' })
  })

  await t.test('what is no frame, or none that is known, harms nobody', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      const server = socket.connectToServer()
      server.onMessage(frame => {
        for (const nonsense of ['no JSON', 'null', '[]', '{}', '"text"', '{"type":"message","class":"Surprise","code":200,"body":null}']) socket.send(nonsense)
        socket.send(frame)
      })
    })
    await tab.visit()
    await tab.start()
    t.match(await tab.command('MessagingService.sendMessage', { message: 'all the same' }), { value: { text: 'all the same' } })
    t.strictSame(await tab.events('MessagingService.error'), [])
    t.strictSame(tab.complaints, [])
  })

  await t.test('signing in and signing out are seen by all tabs', async t => {
    const context = await newContext(t, chromium)
    const other = await (await MessengerPage.open(context, lab)).visit()
    const tab = await (await MessengerPage.open(context, lab)).signIn('Bob Brandt')
    await other.next('Auth.authenticated')
    await other.page.getByRole('banner').getByText('Bob Brandt', { exact: true }).waitFor()
    await tab.start()
    t.strictSame(await tab.command('Auth.logout'), { value: undefined })
    // Of the answer to its own request and the LogoutEvent on its socket, the tab goes by what is there first.
    t.match(await tab.next('Auth.loggedOut'), { data: { status: /^20[04]$/ } })
    t.match(await other.next('Auth.loggedOut'), { data: { status: 200 } })
    t.strictSame(await other.command('MessagingService.startConversation'), { reason: 'Cannot start conversation' })
    const left = await other.page.evaluate(() => Object.keys(localStorage).filter(key => /gcatkn|gcartkn|Token/.test(key)))
    t.strictSame(left, [])
  })

  await t.test('a quick reply is sent as what it is', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    const answer = await tab.command('MessagingService.sendMessage', { type: 'QuickReply', message: 'Opening hours', postback: 'hours' })
    t.match(answer, { value: { type: 'Structured', content: [{ contentType: 'ButtonResponse', buttonResponse: { text: 'Opening hours', payload: 'hours' } }] } })
    t.match(await tab.next('MessagingService.repliedMessage'), { data: { message: { text: 'Opening hours' } } })
  })
}
