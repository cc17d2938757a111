import type { BrowserContext } from 'playwright-core'
import type { Test } from 'tap'
import { findChromium, launchChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage, type PageGlobals } from '../helpers/messenger-page.ts'
import { until } from '../helpers/until.ts'

const anonymous = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'
const stepUp = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'
const shortLived = 'b4c8e1f0-9a57-4d3e-8c26-1e7f0a5d9b63'

/** What a brand's own scripts can do with `Genesys(...)`, on the real host page in a real browser. */
export async function pageApiInChromium (t: Test, lab: Lab) {
  const executable = findChromium()
  if (!executable) {
    await t.test('a page uses the Messenger by script in Chromium', { skip: 'this machine has no Chromium (CHROMIUM_PATH may name one)' }, async () => {})
    return
  }
  const chromium = await launchChromium(executable)
  t.teardown(() => chromium.close())

  async function newContext (t: Test): Promise<BrowserContext> {
    const context = await chromium.newContext()
    t.teardown(() => context.close())
    context.setDefaultTimeout(20_000)
    return context
  }
  const open = async (t: Test, deploymentId: string) => await (await MessengerPage.open(await newContext(t), lab, deploymentId)).visit()

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
    const tab = await MessengerPage.open(await newContext(t), lab, anonymous)
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

  await t.test('twelve messages at once are over the limit, and all arrive in order', async t => {
    const tab = await MessengerPage.open(await newContext(t), lab, anonymous)
    let refused = 0
    tab.page.on('websocket', socket => socket.on('framereceived', ({ payload }) => {
      if (String(payload).includes('TooManyRequestsErrorMessage')) refused++
    }))
    await tab.visit()
    await tab.start()
    const messages = Array.from({ length: 12 }, (_, index) => `message ${index + 1}`)
    const answers = await Promise.all(messages.map(message => tab.command('MessagingService.sendMessage', { message })))
    t.ok(answers.every(({ value }) => value), 'each is acknowledged')
    t.strictSame(await tab.texts('Inbound'), messages)
    await tab.reload()
    await tab.next('MessagingService.restored')
    t.strictSame(await tab.texts('Inbound'), messages, 'and kept')
    t.ok(refused > 0, 'the service has refused some of them at first')
  })

  await t.test('what is written offline outlives a reload and arrives once, in order', async t => {
    const context = await newContext(t)
    const tab = await MessengerPage.open(context, lab, anonymous)
    let reachable = true
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      if (reachable) socket.connectToServer()
      else socket.close()
    })
    await tab.visit()
    await tab.start()
    await tab.command('MessagingService.sendMessage', { message: 'online' })
    reachable = false
    await context.setOffline(true)
    await tab.next('MessagingService.offline')
    await tab.next('MessagingService.reconnecting')
    for (const message of ['first', 'second']) {
      await tab.page.evaluate(message => {
        (globalThis as unknown as PageGlobals).Genesys('command', 'MessagingService.sendMessage', { message })
      }, message)
    }
    await tab.next('MessagingService.sendingMessage', 3)
    await context.setOffline(false)
    await tab.reload()
    await tab.next('MessagingService.reconnecting')
    reachable = true
    await tab.next('MessagingService.messagesReceived', 2)
    t.match((await tab.events('MessagingService.sendingMessage')).map(({ data }) => data), [
      { message: { text: 'first', tracingId: /./ } }, { message: { text: 'second' } }
    ], 'the new page shows what is being sent')
    t.strictSame(await tab.texts('Inbound'), ['online', 'first', 'second'])
    await tab.reload()
    await tab.next('MessagingService.restored')
    t.strictSame(await tab.texts('Inbound'), ['online', 'first', 'second'])
    t.strictSame(await tab.events('MessagingService.sendingMessage'), [], 'nothing is left to be sent')
  })

  await t.test('a copy of a tab leaves it to the other to send what is still unsent', async t => {
    const context = await newContext(t)
    const tab = await MessengerPage.open(context, lab, anonymous)
    let reachable = true
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      if (reachable) socket.connectToServer()
      else socket.close()
    })
    await tab.visit()
    await tab.start()
    reachable = false
    await tab.page.evaluate(() => { Reflect.get(globalThis, 'dispatchEvent')(new Event('offline')) })
    await tab.next('MessagingService.reconnecting')
    await tab.page.evaluate(() => {
      (globalThis as unknown as PageGlobals).Genesys('command', 'MessagingService.sendMessage', { message: 'once' })
    })
    await tab.next('MessagingService.sendingMessage')
    // A window that a page opens gets a copy of its sessionStorage, as a duplicated tab does.
    const config = await tab.page.evaluate(async () => await (await fetch('/messenger/config')).json())
    await context.route('**/messenger/config', route => route.fulfill({ json: config }))
    const opened = context.waitForEvent('page')
    await tab.page.evaluate(() => { Reflect.get(globalThis, 'open')('/') })
    const copy = await opened
    let sentByCopy = 0
    copy.on('websocket', socket => socket.on('framesent', ({ payload }) => {
      if (String(payload).includes('"text":"once"')) sentByCopy++
    }))
    const kept = () => copy.evaluate(() => Object.keys(sessionStorage).filter(key => key.endsWith(':gcmcoutbox')).length)
    await until('the copy has let go', async () => await kept() === 0)
    reachable = true
    await until('it has arrived', async () => (await tab.texts('Inbound')).length > 0)
    await tab.command('MessagingService.sendMessage', { message: 'after that' })
    await tab.reload()
    await tab.next('MessagingService.restored')
    t.strictSame(await tab.texts('Inbound'), ['once', 'after that'])
    t.equal(sentByCopy, 0)
  })

  await t.test('a message whose acknowledgement is lost is not sent a second time', async t => {
    const tab = await MessengerPage.open(await newContext(t), lab, anonymous)
    let mute = false
    let sent = 0
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      const server = socket.connectToServer()
      socket.onMessage(frame => {
        if (String(frame).includes('only once')) sent++
        server.send(frame)
      })
      server.onMessage(frame => { if (!mute) socket.send(frame) })
    })
    await tab.visit()
    await tab.start()
    mute = true
    await tab.page.evaluate(() => {
      (globalThis as unknown as PageGlobals).Genesys('command', 'MessagingService.sendMessage', { message: 'only once' })
    })
    await until('it is sent', () => sent === 1)
    mute = false
    await tab.reload()
    await tab.next('MessagingService.restored')
    t.match(await tab.command('MessagingService.sendMessage', { message: 'after that' }), { value: { text: 'after that' } })
    t.strictSame(await tab.texts('Inbound'), ['only once', 'after that'])
    t.equal(sent, 1)
  })

  await t.test('a connection that answers no more is found out and replaced', async t => {
    const tab = await MessengerPage.open(await newContext(t), lab, anonymous)
    let dead = false
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      const server = socket.connectToServer()
      let deaf = false
      socket.onMessage(message => { if (!(deaf ||= dead)) server.send(message) })
    })
    await tab.page.clock.install()
    await tab.visit()
    await tab.start()
    dead = true
    await tab.page.clock.runFor(60_000)
    await tab.next('MessagingService.reconnecting')
    dead = false
    await until('it is back', async () => {
      await tab.page.clock.runFor(1000)
      return (await tab.events('MessagingService.reconnected')).length === 1
    })
    t.match(await tab.command('MessagingService.sendMessage', { message: 'still here' }), { value: { text: 'still here' } })
  })

  await t.test('a fourth tab closes the first, which does not fight back', async t => {
    const context = await newContext(t)
    const [first, ...others] = await Promise.all([1, 2, 3, 4].map(() => MessengerPage.open(context, lab, anonymous)))
    await first!.visit()
    await first!.start()
    for (const tab of others) {
      await tab.visit()
      await tab.next('MessagingService.restored')
    }
    t.match(await first!.next('MessagingService.error'), { data: { error: { errorKey: 'connectionClosed' } } })
    for (const tab of others) {
      t.match(await tab.command('MessagingService.sendMessage', { message: 'here' }), { value: { text: 'here' } })
      t.strictSame(await tab.events('MessagingService.error'), [])
    }
    t.strictSame(await first!.events('MessagingService.reconnecting'), [])
    await first!.start()
    await first!.next('MessagingService.restored')
    t.equal((await others[0]!.next('MessagingService.error')).event, 'MessagingService.error', 'it goes on here when the person wants it')
  })

  await t.test('a session ends for all its tabs, and the next has another token', async t => {
    const context = await newContext(t)
    const [tab, other] = [await MessengerPage.open(context, lab, anonymous), await MessengerPage.open(context, lab, anonymous)]
    await tab.visit()
    await tab.start()
    await tab.command('MessagingService.sendMessage', { message: 'before' })
    await other.visit()
    await other.next('MessagingService.restored')
    const token = () => tab.page.evaluate(id => localStorage.getItem(`_${id}:gcmcsessionToken`), anonymous)
    const before = await token()
    t.strictSame(await tab.command('MessagingService.clearSession'), { value: undefined })
    await tab.next('MessagingService.sessionCleared')
    t.equal(await token(), null)
    t.match(await other.next('MessagingService.error'), { data: { error: { errorKey: 'connectionClosed' } } })
    t.strictSame(await tab.command('MessagingService.sendMessage', { message: 'too late' }),
      { reason: 'Conversation session has ended, start a new session to send a message.' })
    await tab.command('MessagingService.startConversation')
    t.match(await tab.next('MessagingService.started', 2), { data: { newSession: true } })
    t.not(await token(), before)
    const keys = await tab.page.evaluate(() => Object.keys(localStorage).sort())
    t.strictSame(keys, ['actmu', 'gcmcsessionActive', 'gcmcsessionToken'].map(name => `_${anonymous}:${name}`))
  })

  await t.test('a session that nobody writes in expires after a warning, and each message puts that off', async t => {
    const context = await newContext(t)
    const tab = await (await MessengerPage.open(context, lab, shortLived)).signIn('Alice Anders')
    await tab.start()
    const first = await tab.next('MessagingService.sessionTimingUpdated')
    t.match(first, { data: { durationSeconds: 3, expirationDate: Number } })
    await tab.next('MessagingService.sessionWarning')
    t.match(await tab.command('MessagingService.sendMessage', { message: 'still here' }), { value: { text: 'still here' } })
    const later = (await tab.events('MessagingService.sessionTimingUpdated')).at(-1)
    const expiry = (event: typeof later) => (event!.data as { expirationDate: number }).expirationDate
    t.ok(expiry(later) > expiry(first), 'it counts from the last message')
    t.match(await tab.next('MessagingService.error'), { data: { error: { code: 4006, errorKey: 'sessionExpired' } } })
    t.strictSame(await tab.command('MessagingService.sendMessage', { message: 'too late' }),
      { reason: 'Conversation session has ended, start a new session to send a message.' })
    await tab.command('MessagingService.startConversation')
    t.match(await tab.next('MessagingService.started', 2), { data: { newSession: true } })
  })

  await t.test('an expiry is told like an answer, and is not taken for the answer to what is being sent', async t => {
    const tab = await MessengerPage.open(await newContext(t), lab, anonymous)
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      const server = socket.connectToServer()
      socket.onMessage(frame => {
        if (String(frame).includes('too late')) socket.send('{"type":"response","class":"SessionExpiredEvent","code":200,"body":{}}')
        else server.send(frame)
      })
    })
    await tab.visit()
    await tab.start()
    t.strictSame(await tab.command('MessagingService.sendMessage', { message: 'too late' }),
      { reason: 'Conversation session has ended, start a new session to send a message.' })
    t.match((await tab.events('MessagingService.error')).map(({ data }) => data), [
      { error: { errorKey: 'messageFailed', tracingId: /./ } }, { error: { code: 4006, errorKey: 'sessionExpired' } }
    ])
  })

  await t.test('typing is told on both sides, and that the agent has ended the conversation', async t => {
    const tab = await MessengerPage.open(await newContext(t), lab, anonymous)
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
    for (const command of ['sendTyping', 'sendTyping', 'clearTypingTimeout', 'sendTyping']) await tab.command(`MessagingService.${command}`)
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
    const tab = await MessengerPage.open(await newContext(t), lab, anonymous)
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
    const context = await newContext(t)
    const other = await (await MessengerPage.open(context, lab)).visit()
    const tab = await (await MessengerPage.open(context, lab)).signIn('Bob Brandt')
    await other.next('Auth.authenticated')
    await other.page.getByRole('banner').getByText('Bob Brandt', { exact: true }).waitFor()
    await tab.start()
    t.strictSame(await tab.command('Auth.logout'), { value: undefined })
    for (const each of [tab, other]) t.match(await each.next('Auth.loggedOut'), { data: { status: 200 } })
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

  await t.test('a file is uploaded by itself, rides on the next message and can be fetched again', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    const uploaded = await upload(tab, 'dot.png', 'image/png', dot)
    t.match(uploaded, { value: { attachmentId: /./, fileName: 'dot.png', fileType: 'image/png', fileSize: dot.length, downloadUrl: /^http/ } })
    const { attachmentId } = uploaded.value as { attachmentId: string }
    for (const name of ['uploading', 'uploadApproved']) {
      t.match(await tab.events(`MessagingService.${name}`), [{ data: { attachmentId, fileName: 'dot.png', fileSize: dot.length } }], name)
    }
    t.match(await tab.events('MessagingService.fileUploaded'), [{ data: { attachmentId, downloadUrl: /^http/ } }])

    const sent = await tab.command('MessagingService.sendMessage', { message: '' })
    t.match(sent, { value: { type: 'Text', content: [{ contentType: 'Attachment', attachment: { id: attachmentId, filename: 'dot.png', url: /^http/ } }] } })
    t.strictSame(await tab.command('MessagingService.sendMessage', { message: '' }), { reason: 'Message only contains whitespaces' }, 'it rides once')
    const { downloadUrl } = (await tab.command('MessagingService.getFile', { attachmentId })).value as { downloadUrl: string }
    t.equal(await tab.page.evaluate(async url => (await (await fetch(url)).blob()).size, downloadUrl), dot.length)
    await tab.command('MessagingService.refreshFiles')
    t.match(await tab.next('MessagingService.messagesUpdated'), { data: { messages: [{ content: [{ attachment: { id: attachmentId } }] }] } })
  })

  await t.test('a file that the service does not take is refused before anything of it is sent', async t => {
    const tab = await MessengerPage.open(await newContext(t), lab, stepUp)
    let announced = 0
    tab.page.on('websocket', socket => socket.on('framesent', ({ payload }) => {
      if (String(payload).includes('onAttachment')) announced++
    }))
    await tab.visit()
    await tab.start()
    await tab.next('MessagingService.allowedFileTypes')
    t.match(await upload(tab, 'run.exe', 'image/png', dot), { reason: /\.exe/ })
    t.match(await upload(tab, 'film.mp4', 'video/mp4', dot), { reason: /video\/mp4/ })
    t.match(await upload(tab, 'empty.png', 'image/png', []), { reason: 'The file is empty' })
    t.match((await tab.events('MessagingService.uploadError')).map(({ data }) => data), [
      { attachmentId: /./, errorCode: 4001, errorMessage: /./ }, { errorCode: 4001 }, { errorCode: 4102 }
    ])
    t.equal(announced, 0)
  })

  await t.test('what the service finds out about a file afterwards is told, and a file can be taken back', async t => {
    const tab = await open(t, stepUp)
    await tab.start()
    t.match(await upload(tab, 'not-a.png', 'image/png', [1, 2, 3]), { reason: /./ })
    t.match(await tab.next('MessagingService.uploadError'), { data: { attachmentId: /./, errorCode: 4003, errorMessage: /./ } })
    const { value } = await upload(tab, 'dot.png', 'image/png', dot)
    const { attachmentId } = value as { attachmentId: string }
    await tab.command('MessagingService.deleteFile', { attachmentId })
    t.match(await tab.next('MessagingService.fileDeleted'), { data: { attachmentId } })
    t.strictSame(await tab.command('MessagingService.sendMessage', { message: '' }), { reason: 'Message only contains whitespaces' })
  })
}

// A PNG of one pixel.
const dot = [...Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')]

function upload (tab: MessengerPage, name: string, type: string, bytes: number[]): ReturnType<MessengerPage['command']> {
  return tab.page.evaluate(([name, type, bytes]) => new Promise(resolve => {
    const file = new File([new Uint8Array(bytes)], name, { type });
    (globalThis as unknown as PageGlobals).Genesys('command', 'MessagingService.requestUpload', { file },
      (value: unknown) => resolve({ value }), (reason: unknown) => resolve({ reason }))
  }), [name, type, bytes] as const)
}
