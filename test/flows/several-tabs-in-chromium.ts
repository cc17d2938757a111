import type { WebSocketRoute } from 'playwright-core'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { MessengerPage, type PageGlobals } from '../helpers/messenger-page.ts'
import { openChat, openPage, showMessenger, signInByClick, write } from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'
import { until } from '../helpers/until.ts'

const anonymous = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'
const stepUp = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'

/** What of a browser's `globalThis` tells what each frame shows. */
interface Screen {
  document: { querySelector (selector: string): { shadowRoot: { querySelector (selector: string): Log | null } } | null }
  requestAnimationFrame (callback: () => void): number
}

interface Log {
  textContent: string
  checkVisibility (): boolean
}

/** What a window goes on showing when the conversation, the person or the connection has changed behind its back. */
export async function severalTabsInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'several tabs in Chromium')
  if (!chromium) return

  /** A tab with the window open and the conversation in it. */
  async function showChat (tab: MessengerPage, event: 'started' | 'restored' = 'started'): Promise<MessengerPage> {
    await tab.visit()
    await showMessenger(tab.page)
    await tab.next(`MessagingService.${event}`)
    return tab
  }

  const log = (tab: MessengerPage) => tab.page.getByRole('log')
  const shown = (tab: MessengerPage) => log(tab).locator('.said').allInnerTexts()

  /** Say something, and wait for the greeting and for the answer. */
  async function talk (tab: MessengerPage, message: string) {
    await log(tab).getByText('Hello').waitFor()
    const before = await shown(tab)
    await tab.say(message)
    await until('the agent answers', async () => (await shown(tab)).length >= before.length + 2)
  }

  await t.test('"Continue here" shows exactly the new conversation when another tab has begun one', async t => {
    const context = await newContext(t, chromium, { locale: 'en-GB' })
    const tab = await showChat(await MessengerPage.open(context, lab, anonymous))
    await talk(tab, 'of the old conversation')
    const other = await showChat(await MessengerPage.open(context, lab, anonymous), 'restored')
    await isShown(t, log(other).getByText('of the old conversation'), 1)
    await tab.command('MessagingService.clearSession')
    await tab.command('MessagingService.startConversation')
    await tab.next('MessagingService.started', 2)
    await talk(tab, 'of the new conversation')
    await other.page.getByRole('button', { name: 'Continue here' }).click()
    await log(other).getByText('of the new conversation').waitFor()
    t.strictSame(await shown(other), await shown(tab))
    await isShown(t, log(other).getByText('of the old conversation'), 0)
  })

  await t.test('a tab that was offline while another cleared the conversation and began anew shows the new one only', async t => {
    const context = await newContext(t, chromium, { locale: 'en-GB' })
    const tab = await showChat(await MessengerPage.open(context, lab, stepUp))
    await talk(tab, 'of the old conversation')
    const other = await MessengerPage.open(context, lab, stepUp)
    let reachable = true
    const sockets: WebSocketRoute[] = []
    await other.page.routeWebSocket(/\/v1\?/, socket => {
      if (!reachable) {
        socket.close()
        return
      }
      socket.connectToServer()
      sockets.push(socket)
    })
    await showChat(other, 'restored')
    await isShown(t, log(other).getByText('of the old conversation'), 1)
    reachable = false
    for (const socket of sockets) await socket.close({ code: 1001 })
    await other.next('MessagingService.reconnecting')
    t.match(await tab.command('MessagingService.clearConversation'), { reason: undefined })
    await tab.next('MessagingService.conversationCleared')
    await tab.command('MessagingService.startConversation')
    await tab.next('MessagingService.started', 2)
    await talk(tab, 'of the new conversation')
    reachable = true
    await log(other).getByText('of the new conversation').waitFor()
    t.strictSame(await shown(other), await shown(tab))
    await isShown(t, log(other).getByText('of the old conversation'), 0)
  })

  await t.test('what was on its way when the chat went on elsewhere is there once after "Continue here"', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium, { locale: 'en-GB' }), lab, anonymous)
    let page: WebSocketRoute | undefined
    let lossy = false
    await tab.page.routeWebSocket(/\/v1\?/, socket => {
      const service = socket.connectToServer()
      page = socket
      socket.onMessage(frame => { if (!lossy || !String(frame).includes('onMessage')) service.send(frame) })
    })
    await showChat(tab)
    await log(tab).getByText('Hello').waitFor()
    lossy = true
    await write(tab.page, 'only once')
    await tab.next('MessagingService.sendingMessage')
    page!.send(JSON.stringify({ type: 'message', class: 'ConnectionClosedEvent', code: 200, body: {} }))
    const goOn = tab.page.getByRole('button', { name: 'Continue here' })
    await goOn.waitFor()
    lossy = false
    await goOn.click()
    await tab.next('MessagingService.restored')
    await until('it has arrived', async () => (await tab.texts('Inbound')).includes('only once'))
    await isShown(t, log(tab).getByText('only once'), 1)
    t.strictSame(await tab.texts('Inbound'), ['only once'])
  })

  for (const [what, deploymentId] of Object.entries({ anonymous, 'sign-in may come later': stepUp })) {
    await t.test(`Auth.logout with nobody signed in leaves the chat alive (${what})`, async t => {
      const tab = await showChat(await MessengerPage.open(await newContext(t, chromium, { locale: 'en-GB' }), lab, deploymentId))
      await talk(tab, 'before')
      await tab.command('Auth.logout')
      await write(tab.page, 'after that')
      await until('it has arrived', async () => (await tab.texts('Inbound')).includes('after that'))
      await isShown(t, log(tab).getByText('before', { exact: true }), 1)
      await isShown(t, log(tab).getByText('after that'), 1)
      t.strictSame(await tab.events('Auth.loggedOut'), [])
    })
  }

  await t.test('the next person sees the last one\'s text in no frame, however slowly the page learns who it is', async t => {
    const { page } = await openPage(t, chromium)
    await page.addInitScript(() => {
      const { document, requestAnimationFrame } = globalThis as unknown as Screen
      const frames = { drawn: 0, telling: 0 }
      Reflect.set(globalThis, 'frames', frames)
      function look () {
        const log = document.querySelector('genesys-messenger')?.shadowRoot.querySelector('[role=log]')
        frames.drawn++
        if (log?.checkVisibility() && log.textContent.includes('a secret')) frames.telling++
        requestAnimationFrame(look)
      }
      look()
    })
    const frames = () => page.evaluate(() => Reflect.get(globalThis, 'frames') as { drawn: number, telling: number })
    await signInByClick(page, lab, 'Alice Anders')
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Alice').waitFor()
    await write(page, 'a secret')
    await page.getByRole('log').getByText('a secret').waitFor()
    await page.route(url => url.pathname === '/session', async route => {
      await until('there was something to look at', async () => (await frames()).drawn > 10)
      await route.continue()
    })
    await page.reload()
    await page.getByRole('log').getByText('a secret').waitFor()
    await until('the frames tell', async () => (await frames()).telling > 0)
    // Alice's session ends without her signing out of the Messenger.
    await page.context().clearCookies()
    await page.reload()
    await page.getByRole('dialog', { name: 'Messenger' }).getByRole('button', { name: 'Sign in' }).waitFor()
    t.equal((await frames()).telling, 0)
  })

  await t.test('where another person signs in, the tabs of the browser give the last one\'s tokens back once, and all go on with the next', async t => {
    const context = await newContext(t, chromium, { locale: 'en-GB' })
    const revocations: Promise<number | undefined>[] = []
    context.on('request', request => {
      if (request.method() === 'DELETE' && request.url().endsWith('/revoke')) revocations.push(request.response().then(answer => answer?.status()))
    })
    const tab = await context.newPage()
    await signInByClick(tab, lab, 'Alice Anders')
    const tabs = [tab, await context.newPage(), await context.newPage()]
    for (const other of tabs.slice(1)) await other.goto(lab.app)
    for (const page of tabs) {
      await showMessenger(page)
      await page.getByRole('log').getByText('Hello Alice').waitFor()
    }
    await (await context.newPage()).goto(`${lab.console}/sign-in?username=bob`)
    for (const page of tabs) await page.getByRole('log').getByText('Hello Bob').waitFor()
    t.strictSame(await Promise.all(revocations), [204])
  })

  await t.test('where another person signs in and the last one\'s tokens are long in being given back, there is no chat until they are, and then the next one\'s', async t => {
    const context = await newContext(t, chromium, { locale: 'en-GB' })
    const tab = await context.newPage()
    await signInByClick(tab, lab, 'Alice Anders')
    await showMessenger(tab)
    const log = tab.getByRole('log')
    await log.getByText('Hello Alice').waitFor()
    let go = () => {}
    const held = new Promise<void>(resolve => { go = resolve })
    await context.route(url => url.pathname.endsWith('/revoke'), async route => {
      await held
      await route.continue()
    })
    await (await context.newPage()).goto(`${lab.console}/sign-in?username=bob`)
    await log.waitFor({ state: 'hidden' })
    await isShown(t, tab.getByRole('button', { name: 'Open messenger' }).filter({ visible: true }), 0)
    go()
    await log.getByText('Hello Bob').waitFor()
    await isShown(t, log.getByText('Hello Alice'), 0)
  })

  await t.test('of tabs that have each redeemed a code of one person, the one that is left keeps no token once that person has signed out elsewhere', async t => {
    const context = await newContext(t, chromium, { locale: 'en-GB' })
    const slow = await context.newPage()
    let go = () => {}
    const held = new Promise<void>(resolve => { go = resolve })
    const asks = slow.waitForRequest(request => request.url().endsWith('/oauthcodegrantjwtexchange'))
    await slow.route(url => url.pathname.endsWith('/oauthcodegrantjwtexchange'), async route => {
      await held
      await route.continue()
    })
    await signInByClick(slow, lab, 'Alice Anders')
    await asks
    const quick = await context.newPage()
    await quick.goto(lab.app)
    await showMessenger(quick)
    await quick.getByRole('log').getByText('Hello Alice').waitFor()
    const tokens = () => quick.evaluate(() => Object.entries(Reflect.get(globalThis, 'localStorage') as Record<string, string>)
      .flatMap(([name, value]) => /:gcar?tkn$/.test(name) ? [value] : []))
    const before = await tokens()
    go()
    await showMessenger(slow)
    await slow.getByRole('log').getByText('Hello Alice').waitFor()
    const after = await tokens()
    t.equal(after.length, 2)
    t.notSame(after, before, 'both have redeemed a code')
    await slow.close()

    const jwt = after.find(token => token.includes('.'))
    await fetch(`${lab.genesys}/api/v2/webdeployments/token/revoke`, { method: 'DELETE', headers: { authorization: `bearer ${jwt}` } })
    await quick.getByRole('dialog', { name: 'Messenger' }).getByRole('button', { name: 'Sign in' }).waitFor()
    t.strictSame(await tokens(), [])
  })

  await t.test('"Retry" in a chat that has ended keeps the text', async t => {
    const chat = await openChat(t, chromium, lab)
    chat.refuseNext()
    await write(chat.page, 'not to be lost')
    const retry = chat.log.getByRole('button', { name: 'Retry' })
    await retry.waitFor()
    const time = new Date().toISOString()
    await chat.push({
      type: 'message',
      class: 'StructuredMessage',
      code: 200,
      body: {
        id: 'the-end',
        type: 'Event',
        direction: 'Outbound',
        channel: { time, messageId: 'the-end', type: 'Private' },
        events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }],
        metadata: { readOnly: 'true' }
      }
    })
    await chat.messenger.getByRole('textbox', { name: 'Message' }).waitFor({ state: 'hidden' })
    await retry.click()
    await isShown(t, chat.log.getByText('not to be lost'), 1)
  })

  await t.test('the attributes that rode on a refused message ride on the next', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium, { locale: 'en-GB' }), lab, anonymous)
    const sent: { text: string, attributes: unknown }[] = []
    tab.page.on('websocket', socket => socket.on('framesent', ({ payload }) => {
      const { message } = JSON.parse(String(payload))
      if (!/^(long|next)/.test(message?.text)) return
      sent.push({ text: message.text.slice(0, 4), attributes: message.channel?.metadata?.customAttributes })
    }))
    await tab.visit()
    await tab.start()
    await tab.command('Database.set', { messaging: { customAttributes: { tier: 'gold' } } })
    t.match(await tab.say('long'.repeat(1250)), { reason: /./ })
    t.match(await tab.say('next'), { value: { text: 'next' } })
    const attributes = { tier: 'gold' }
    t.strictSame(sent, [{ text: 'long', attributes }, { text: 'next', attributes }])
  })

  await t.test('attributes that are there before the conversation ride on its Join, and not on the first message again', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium, { locale: 'en-GB' }), lab, anonymous)
    const sent: unknown[] = []
    tab.page.on('websocket', socket => socket.on('framesent', ({ payload }) => {
      const { action, message } = JSON.parse(String(payload))
      if (action === 'onMessage') sent.push([message.type, message.channel?.metadata?.customAttributes])
    }))
    await tab.visit()
    await tab.command('Database.set', { messaging: { customAttributes: { tier: 'gold' } } })
    await tab.start()
    await tab.say('Hello')
    t.strictSame(sent.slice(0, 2), [['Event', { tier: 'gold' }], ['Text', undefined]])
  })

  await t.test('the host page asks for the Messenger\'s settings again after a failure', async t => {
    const { page } = await openPage(t, chromium)
    let asked = 0
    await page.route('**/messenger/config', route => asked++ < 2 ? route.fulfill({ status: 503, body: '' }) : route.continue())
    await page.goto(lab.app)
    const note = page.getByText('Chat is not available right now.')
    await note.waitFor()
    await page.evaluate(() => { Reflect.get(globalThis, 'document').dispatchEvent(new Event('visibilitychange')) })
    await page.getByRole('button', { name: 'Open messenger' }).waitFor()
    await note.waitFor({ state: 'hidden' })
    t.equal(asked, 3, 'twice at first, since the page asks ahead of time')
  })

  await t.test('the host page says that there is no chat where the deployment that it names is not known', async t => {
    const { page } = await openPage(t, chromium)
    const config = await (await fetch(`${lab.app}/messenger/config`)).json() as object
    await page.route('**/messenger/config', route =>
      route.fulfill({ json: { ...config, deploymentId: '00000000-0000-4000-8000-000000000000' } }))
    await page.goto(lab.app)
    await page.getByText('does not know the deployment that this page names').waitFor()
  })

  await t.test('Launcher.visible reaches who has subscribed before the script was there', async t => {
    const tab = await MessengerPage.open(await newContext(t, chromium, { locale: 'en-GB' }), lab, anonymous)
    await tab.page.addInitScript(() => {
      const { Genesys } = globalThis as unknown as PageGlobals
      Genesys('subscribe', 'Launcher.visible', () => Reflect.set(globalThis, 'told', true))
    })
    await tab.visit()
    await tab.page.getByRole('button', { name: 'Open messenger' }).waitFor()
    const told = () => tab.page.evaluate(() => Reflect.get(globalThis, 'told') === true)
    await until('it is told', told)
  })
}
