import type { Test } from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage, type PageGlobals } from '../helpers/messenger-page.ts'
import { until } from '../helpers/until.ts'

const anonymous = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'
const shortLived = 'b4c8e1f0-9a57-4d3e-8c26-1e7f0a5d9b63'

/** No message is lost and none comes twice: rate limits, lost connections, reloads, several tabs, sessions that end. */
export async function noMessageLostInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'no message is lost in Chromium')
  if (!chromium) return

  await t.test('twelve messages at once are over the limit, and all arrive in order', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    let refused = 0
    tab.page.on('websocket', socket => socket.on('framereceived', ({ payload }) => {
      if (String(payload).includes('TooManyRequestsErrorMessage')) refused++
    }))
    await tab.visit()
    await tab.start()
    const messages = Array.from({ length: 12 }, (_, index) => `message ${index + 1}`)
    const answers = await Promise.all(messages.map(message => tab.say(message)))
    t.ok(answers.every(({ value }) => value), 'each is acknowledged')
    t.strictSame(await tab.texts('Inbound'), messages)
    await tab.reload()
    await tab.next('MessagingService.restored')
    t.strictSame(await tab.texts('Inbound'), messages, 'and kept')
    t.ok(refused > 0, 'the service has refused some of them at first')
  })

  await t.test('what is written offline outlives a reload and arrives once, in order', async t => {
    const context = await newContext(t, chromium)
    const tab = await MessengerPage.open(context, lab, anonymous)
    let reachable = true
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      if (reachable) socket.connectToServer()
      else socket.close()
    })
    await tab.visit()
    await tab.start()
    await tab.say('online')
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
    await until('both have arrived', async () => (await tab.texts('Inbound')).includes('second'))
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
    const context = await newContext(t, chromium)
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
    await tab.say('after that')
    await tab.reload()
    await tab.next('MessagingService.restored')
    t.strictSame(await tab.texts('Inbound'), ['once', 'after that'])
    t.equal(sentByCopy, 0)
  })

  await t.test('a message whose acknowledgement is lost is not sent a second time', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    let mute = false
    let sent = 0
    let acknowledged = 0
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      const server = socket.connectToServer()
      socket.onMessage(frame => {
        if (String(frame).includes('only once')) sent++
        server.send(frame)
      })
      server.onMessage(frame => {
        if (!mute) socket.send(frame)
        else if (String(frame).includes('only once')) acknowledged++
      })
    })
    await tab.visit()
    await tab.start()
    mute = true
    await tab.page.evaluate(() => {
      (globalThis as unknown as PageGlobals).Genesys('command', 'MessagingService.sendMessage', { message: 'only once' })
    })
    await until('its acknowledgement is lost', () => acknowledged === 1)
    mute = false
    await tab.reload()
    await tab.next('MessagingService.restored')
    t.match(await tab.say('after that'), { value: { text: 'after that' } })
    t.strictSame(await tab.texts('Inbound'), ['only once', 'after that'])
    t.equal(sent, 1)
  })

  await t.test('a connection that answers no more is found out and replaced', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
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
    t.match(await tab.say('still here'), { value: { text: 'still here' } })
  })

  await t.test('a fourth tab closes the first, which does not fight back', async t => {
    const context = await newContext(t, chromium)
    const [first, ...others] = await Promise.all([1, 2, 3, 4].map(() => MessengerPage.open(context, lab, anonymous)))
    await first!.visit()
    await first!.start()
    for (const tab of others) {
      await tab.visit()
      await tab.next('MessagingService.restored')
    }
    t.match(await first!.next('MessagingService.error'), { data: { error: { errorKey: 'connectionClosed' } } })
    for (const tab of others) {
      t.match(await tab.say('here'), { value: { text: 'here' } })
      t.strictSame(await tab.events('MessagingService.error'), [])
    }
    t.strictSame(await first!.events('MessagingService.reconnecting'), [])
    await first!.start()
    await first!.next('MessagingService.restored')
    t.equal((await others[0]!.next('MessagingService.error')).event, 'MessagingService.error', 'it goes on here when the person wants it')
  })

  await t.test('a session ends for all its tabs, and the next has another token', async t => {
    const context = await newContext(t, chromium)
    const [tab, other] = [await MessengerPage.open(context, lab, anonymous), await MessengerPage.open(context, lab, anonymous)]
    await tab.visit()
    await tab.start()
    await tab.say('before')
    await other.visit()
    await other.next('MessagingService.restored')
    const token = () => tab.page.evaluate(id => localStorage.getItem(`_${id}:gcmcsessionToken`), anonymous)
    const before = await token()
    t.strictSame(await tab.command('MessagingService.clearSession'), { value: undefined })
    await tab.next('MessagingService.sessionCleared')
    t.equal(await token(), null)
    t.match(await other.next('MessagingService.error'), { data: { error: { errorKey: 'connectionClosed' } } })
    t.strictSame(await tab.say('too late'),
      { reason: 'Conversation session has ended, start a new session to send a message.' })
    await tab.command('MessagingService.startConversation')
    t.match(await tab.next('MessagingService.started', 2), { data: { newSession: true } })
    t.not(await token(), before)
    const keys = await tab.page.evaluate(() => Object.keys(localStorage).sort())
    t.strictSame(keys, ['actmu', 'gcmcsessionActive', 'gcmcsessionToken'].map(name => `_${anonymous}:${name}`))
  })

  await t.test('a session that nobody writes in expires after a warning, and each message puts that off', async t => {
    const context = await newContext(t, chromium)
    const tab = await (await MessengerPage.open(context, lab, shortLived)).signIn('Alice Anders')
    // The page writes by itself, once, as half a second is left by then.
    const written = tab.page.evaluate(() => new Promise(resolve => {
      const { Genesys } = globalThis as unknown as PageGlobals
      let warned = false
      Genesys('subscribe', 'MessagingService.sessionWarning', () => {
        if (!warned) Genesys('command', 'MessagingService.sendMessage', { message: 'still here' })
        warned = true
      })
      Genesys('subscribe', 'MessagingService.messagesReceived', ({ data }: { data: { messages: { text?: string }[] } }) => {
        if (data.messages[0]?.text === 'still here') resolve(data.messages[0])
      })
    }))
    await tab.start()
    const first = await tab.next('MessagingService.sessionTimingUpdated')
    t.match(first, { data: { durationSeconds: 3, expirationDate: Number } })
    await tab.next('MessagingService.sessionWarning')
    t.match(await written, { text: 'still here' })
    const later = (await tab.events('MessagingService.sessionTimingUpdated')).at(-1)
    const expiry = (event: typeof later) => (event!.data as { expirationDate: number }).expirationDate
    t.ok(expiry(later) > expiry(first), 'it counts from the last message')
    t.match(await tab.next('MessagingService.error'), { data: { error: { code: 4006, errorKey: 'sessionExpired' } } })
    t.strictSame(await tab.say('too late'),
      { reason: 'Conversation session has ended, start a new session to send a message.' })
    await tab.command('MessagingService.startConversation')
    t.match(await tab.next('MessagingService.started', 2), { data: { newSession: true } })
  })

  await t.test('an expiry is told like an answer, and is not taken for the answer to what is being sent', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium), lab, anonymous)
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      const server = socket.connectToServer()
      socket.onMessage(frame => {
        if (String(frame).includes('too late')) socket.send('{"type":"response","class":"SessionExpiredEvent","code":200,"body":{}}')
        else server.send(frame)
      })
    })
    await tab.visit()
    await tab.start()
    t.match(await tab.say('too late'), { reason: { error: { body: 'Conversation session has ended, start a new session to send a message.' } } })
    t.match((await tab.events('MessagingService.error')).map(({ data }) => data), [
      { error: { errorKey: 'messageFailed', tracingId: /./ } }, { error: { code: 4006, errorKey: 'sessionExpired' } }
    ])
  })
}
