import type { Test } from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import {
  attach, checkAccessibility, hasFocus, isLoaded, openChat, openPage, png, said,
  showMessenger, signInByClick, signOutByClick, styleOf, useDeployment, write
} from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'
import { until } from '../helpers/until.ts'

const stepUpDeployment = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'
const shortLivedDeployment = 'b4c8e1f0-9a57-4d3e-8c26-1e7f0a5d9b63'

/** What the Messenger window says of the conversation as that goes on, is interrupted and ends. */
export async function messengerStatesInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'the Messenger window through a conversation')
  if (!chromium) return

  await t.test('what comes while the window is closed is counted at the launcher', async t => {
    const { page, messenger, push } = await openChat(t, chromium, lab)
    await messenger.getByRole('button', { name: 'Minimize chat' }).click()
    const launcher = page.getByRole('button', { name: 'Open messenger' })
    t.equal(await hasFocus(launcher), true, 'the focus returns to it')
    await push(said({ text: 'One' }))
    await push(said({ text: 'Two' }))
    await page.getByText('2 unread messages').waitFor({ state: 'attached' })
    t.equal(await launcher.innerText(), '2')
    await launcher.click()
    await isShown(t, page.getByText('unread messages'), 0)
    await page.keyboard.press('Escape')
    await messenger.waitFor({ state: 'hidden' })
  })

  await t.test('what is written without a connection waits, says so, and is sent once when it is back', async t => {
    const { messenger, log, cut, mend, page, sent } = await openChat(t, chromium, lab)
    cut()
    await messenger.getByText('Connection lost. Reconnecting…').waitFor()
    await write(page, 'When are you open on Thursday?')
    await log.getByText('Waiting', { exact: true }).waitFor()
    await checkAccessibility(t, page, 'without a connection')
    mend()
    await log.getByText('on Thursdays until 21:00').waitFor()
    await isShown(t, log.getByText('Waiting', { exact: true }), 0)
    await isShown(t, messenger.getByText('Connection lost'), 0)
    t.equal(sent().filter(frame => frame.includes('on Thursday?')).length, 1)
  })

  await t.test('what is sent while the Messenger still connects stands in the field, and goes out when it has', async t => {
    const { page, complaints } = await openPage(t, chromium)
    const { promise: reachable, resolve: reach } = Promise.withResolvers<void>()
    await page.routeWebSocket(url => url.pathname === '/v1', async socket => {
      await reachable
      socket.connectToServer()
    })
    await signInByClick(page, lab, 'Alice Anders')
    await showMessenger(page)
    await write(page, 'When are you open on Thursday?')
    t.equal(await page.getByRole('textbox', { name: 'Message' }).inputValue(), 'When are you open on Thursday?')
    reach()
    const log = page.getByRole('log')
    await log.getByText('on Thursdays until 21:00').waitFor()
    await isShown(t, log.getByText('When are you open on Thursday?'), 1)
    t.equal(await page.getByRole('textbox', { name: 'Message' }).inputValue(), '')
    t.strictSame(complaints, [])
  })

  await t.test('a message that is refused says so beside it, and can be sent again with all it had', async t => {
    const { page, messenger, log, refuseNext } = await openChat(t, chromium, lab)
    refuseNext()
    await write(page, 'When are you open?')
    await log.getByText('Not sent', { exact: true }).waitFor()
    await checkAccessibility(t, page, 'with a message that was not sent')
    await log.getByRole('button', { name: 'Retry' }).click()
    await log.getByText('every day from 9:00').waitFor()
    await isShown(t, log.getByText('Not sent'), 0)
    await isShown(t, log.getByText('When are you open?'), 1)

    await attach(page, { name: 'kayak.png', mimeType: 'image/png', buffer: png })
    await messenger.getByRole('list', { name: 'Files to send' }).locator('[aria-busy=false]').waitFor()
    refuseNext()
    await write(page, 'Look at this')
    await log.getByRole('button', { name: 'Retry' }).click()
    await messenger.getByRole('list', { name: 'Files to send' }).locator('[aria-busy=false]').waitFor()
    t.equal(await messenger.getByRole('textbox', { name: 'Message' }).inputValue(), 'Look at this')
    await messenger.getByRole('button', { name: 'Send message' }).click()
    await until('the picture is shown', () => isLoaded(log.getByRole('img', { name: 'kayak.png' })))
    await isShown(t, log.getByText('Look at this'), 1)
  })

  await t.test('half a message survives a reload, but not a sign-out', async t => {
    const { page, messenger, log } = await openChat(t, chromium, lab)
    const field = messenger.getByRole('textbox', { name: 'Message' })
    await field.pressSequentially('I wanted to say')
    await page.reload()
    await showMessenger(page)
    await until('the draft is back', async () => await field.inputValue() === 'I wanted to say')
    await signOutByClick(page)
    t.strictSame(await page.evaluate(() => Object.values(sessionStorage).filter(value => value.includes('wanted to say'))), [])
    await signInByClick(page, lab, 'Bob Brandt')
    await showMessenger(page)
    await log.getByText('Hello Bob').waitFor()
    t.equal(await field.inputValue(), '')
  })

  await t.test('a person clears the conversation after being asked, and begins a new one', async t => {
    const { page, messenger, log } = await openChat(t, chromium, lab)
    await messenger.getByRole('button', { name: 'More options' }).click()
    await checkAccessibility(t, page, 'with the menu open')
    await messenger.getByRole('button', { name: 'Clear conversation' }).click()
    const question = messenger.getByRole('alertdialog', { name: 'Clear this conversation?' })
    await checkAccessibility(t, page, 'with the question')
    await page.keyboard.press('Escape')
    await question.waitFor({ state: 'hidden' })
    t.equal(await log.getByText('Hello Alice').isVisible(), true, 'Escape leaves it as it was, and the window open')
    t.equal(await hasFocus(messenger.getByRole('button', { name: 'More options' })), true, 'and the focus where it began')

    await messenger.getByRole('button', { name: 'More options' }).click()
    await messenger.getByRole('button', { name: 'Clear conversation' }).click()
    await question.getByRole('button', { name: 'Clear', exact: true }).click()
    await messenger.getByText('The conversation has been cleared.').waitFor()
    await isShown(t, log.getByText('Hello Alice'), 0)
    t.equal(await hasFocus(messenger.getByRole('button', { name: 'Start new chat' })), true)
    await page.keyboard.press('Enter')
    await log.getByText('Hello Alice').waitFor()
    t.equal(await hasFocus(messenger.getByRole('textbox', { name: 'Message' })), true, 'they can write at once')
    await write(page, 'help')
    await messenger.getByRole('button', { name: 'Tours' }).press('Enter')
    await messenger.getByRole('button', { name: 'Tours' }).waitFor({ state: 'hidden' })
    t.equal(await hasFocus(messenger.getByRole('region', { name: 'Messages' })), true, 'or read on, after a suggested reply')
  })

  await t.test('a chat that was opened once too often goes on where the person asks for it', async t => {
    const { page, messenger, log, push } = await openChat(t, chromium, lab)
    await push({ type: 'message', class: 'ConnectionClosedEvent', code: 200, body: {} })
    await messenger.getByText('This chat goes on in another window.').waitFor()
    await checkAccessibility(t, page, 'with the chat open elsewhere')
    await messenger.getByRole('button', { name: 'Continue here' }).click()
    await messenger.getByRole('button', { name: 'Send message' }).waitFor()
    await messenger.getByText('goes on in another window').waitFor({ state: 'detached' })
    await log.getByText('Hello Alice').waitFor()
    await write(page, 'When are you open?')
    await log.getByText('every day from 9:00').waitFor()
    await isShown(t, log.getByText('Hello Alice'), 1, 'nothing is there twice')

    // After that this browser has no part in the old conversation.
    await push({ type: 'message', class: 'ConnectionClosedEvent', code: 200, body: { reason: 'signedIn', reasonCode: 'signedIn' } })
    await messenger.getByText('You have signed in to this chat on another device.').waitFor()
    await messenger.getByRole('button', { name: 'Continue here' }).click()
    await log.waitFor()
    await write(page, 'Who am I?')
    await log.getByText('You are Alice Anders').waitFor()
    await isShown(t, log.getByText('Hello Alice'), 1)
    await isShown(t, log.getByText('every day from 9:00'), 0, 'nothing of the old one is left')
  })

  await t.test('a chat that is about to end says when, until the person writes something', async t => {
    const { page, messenger, log, pretend } = await openChat(t, chromium, lab)
    pretend({ durationSeconds: 3600, expirationDate: Math.floor(Date.now() / 1000) + 240 })
    await page.reload()
    await showMessenger(page)
    await messenger.getByText(/This chat ends in [34] minutes unless you write something\./).waitFor()
    await write(page, 'When are you open?')
    await log.getByText('every day from 9:00').waitFor()
    await messenger.getByText('This chat ends').waitFor({ state: 'detached' })
  })

  await t.test('a chat that has expired says so, and a new one can be begun', async t => {
    const { page, messenger, log } = await openChat(t, chromium, lab, { deploymentId: shortLivedDeployment })
    await messenger.getByText('This chat has expired').waitFor()
    await isShown(t, messenger.getByText('This chat ends'), 0)
    await checkAccessibility(t, page, 'with an expired chat')
    const greeting = await log.getByText('Hello Alice').elementHandle()
    await messenger.getByRole('button', { name: 'Start new chat' }).click()
    await greeting?.waitForElementState('hidden')
    await log.getByText('Hello Alice').waitFor()
    await isShown(t, log.getByText('Hello Alice'), 1, 'nothing of the old one is left')
  })

  await t.test('the page can open, clear and close the window, and hears why it cannot search or share the screen', async t => {
    const { page, messenger, log } = await openChat(t, chromium, lab)
    const command = (name: string): Promise<unknown> => page.evaluate(name => new Promise(resolve => {
      const { Genesys } = globalThis as unknown as { Genesys: (...call: unknown[]) => void }
      Genesys('command', name, {}, resolve, resolve)
    }), name)
    await command('Messenger.close')
    t.equal(await messenger.isVisible(), false)
    await command('Messenger.openConversation')
    t.equal(await messenger.isVisible(), true)
    await isShown(t, log.getByText('Hello Alice'), 1)
    t.equal(await command('Messenger.openSearch'), 'Knowledge is not enabled in your configuration.')
    t.equal(await command('Messenger.openCobrowse'), 'Co-browse is not enabled in your configuration.')
    await command('Messenger.close')
    await command('Launcher.hide')
    t.equal(await page.getByRole('button', { name: 'Open messenger' }).isVisible(), false)
    await command('Launcher.show')
    t.equal(await page.getByRole('button', { name: 'Open messenger' }).isVisible(), true)
  })

  await t.test('a Messenger that the page has cleared is gone in all tabs until they are loaded again, and keeps nothing in the browser', async t => {
    const { page, messenger } = await openChat(t, chromium, lab)
    const other = await page.context().newPage()
    await other.goto(lab.app)
    await other.getByRole('dialog', { name: 'Messenger' }).waitFor()
    const command = (name: string): Promise<unknown> => page.evaluate(name => new Promise(resolve => {
      const { Genesys } = globalThis as unknown as { Genesys: (...call: unknown[]) => void }
      Genesys('command', name, {}, resolve, resolve)
    }), name)
    t.equal(await command('Messenger.clear'), undefined)
    await messenger.waitFor({ state: 'detached' })
    await other.getByRole('dialog', { name: 'Messenger' }).waitFor({ state: 'detached' })
    t.equal(await command('Messenger.open'), 'The Messenger has been cleared. It is there again once the page is reloaded.')
    t.equal(await command('Auth.getTokens'), 'The Messenger has been cleared. It is there again once the page is reloaded.')
    t.strictSame(await page.evaluate(() => Object.keys(localStorage).filter(key => /^_[0-9a-f-]{36}:/.test(key))), [])
    await page.reload()
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Alice').waitFor()
  })

  await t.test('the agent is seen typing until the message comes', async t => {
    const { messenger, push, log } = await openChat(t, chromium, lab)
    const events = [{ eventType: 'Typing', typing: { type: 'On', duration: 60_000 } }]
    await push(said({ type: 'Event', events, channel: { from: { nickname: 'Kim' } } }))
    await messenger.getByText('Kim is typing').waitFor()
    await push(said({ text: 'Here you are' }))
    await log.getByText('Here you are').waitFor()
    await messenger.getByText('Kim is typing').waitFor({ state: 'detached' })
  })

  await t.test('who chats without a name is offered to sign in, may change their mind, and goes on as themselves', async t => {
    const { page } = await openPage(t, chromium)
    await useDeployment(page, lab, stepUpDeployment)
    await page.goto(lab.app)
    await showMessenger(page)
    const messenger = page.getByRole('dialog', { name: 'Messenger' })
    const log = messenger.getByRole('log')
    await log.getByText('Hello, I am Robin.').waitFor()
    await messenger.getByText('Sign in to continue as yourself.').waitFor()
    await checkAccessibility(t, page, 'with the offer to sign in')
    await write(page, 'Who am I?')
    await log.getByText('I cannot tell').waitFor()

    const signInWindow = async () => {
      const popup = page.waitForEvent('popup')
      await messenger.getByRole('button', { name: 'Sign in' }).click()
      return await popup
    }
    const abandoned = await signInWindow()
    await messenger.getByText('Continue in the sign-in window.').waitFor()
    await abandoned.getByRole('button', { name: 'Sign in as Alice Anders' }).waitFor()
    await abandoned.close()

    const exchange = `${lab.genesys}/api/v2/webdeployments/token/oauthcodegrantjwtexchange`
    await page.route(exchange, route => route.abort())
    await (await signInWindow()).getByRole('button', { name: 'Sign in as Alice Anders' }).click()
    await messenger.getByText('You could not be signed in.').waitFor()
    await messenger.getByText('Sign in to continue as yourself.').waitFor()
    await checkAccessibility(t, page, 'after the sign-in has failed')
    await page.unroute(exchange)

    await signInWindow()
    await log.getByText('You are signed in as Alice Anders.').waitFor()
    await messenger.getByText('Signed in as Alice Anders', { exact: true }).waitFor()
    t.equal(await messenger.getByText('Sign in to continue as yourself.').isVisible(), false)
    await isShown(t, messenger.getByText('You could not be signed in.'), 0)
    await isShown(t, log.getByText('I cannot tell'), 1, 'it is the same conversation')
    await write(page, 'And who am I now?')
    await log.getByText('You are Alice Anders').waitFor()
  })

  await t.test('on a phone the window fills the screen; dark, still and in high contrast where the person wants that', async t => {
    const wishes = { colorScheme: 'dark', reducedMotion: 'reduce', contrast: 'more' } as const
    const { page, messenger } = await openChat(t, chromium, lab, { viewport: { width: 390, height: 844 }, ...wishes })
    t.strictSame(await messenger.boundingBox(), { x: 0, y: 0, width: 390, height: 844 })
    t.equal(await page.getByRole('button', { name: 'Close messenger' }).isVisible(), false)
    t.equal(await styleOf(messenger, 'backgroundColor'), 'rgb(25, 28, 36)')
    t.equal(await styleOf(messenger, 'animationName'), 'none')
    await checkAccessibility(t, page, 'dark')
  })

  await t.test('where the system forces its colours, nothing is said by a colour that is gone then', async t => {
    const { messenger, push } = await openChat(t, chromium, lab, { forcedColors: 'active' })
    t.not(await styleOf(messenger, 'borderTopWidth'), '0px', 'the window has an outline')
    const spinner = messenger.locator('.spinner')
    t.not(await styleOf(spinner, 'borderTopColor'), await styleOf(spinner, 'borderBottomColor'), 'what turns is seen to turn')
    const send = messenger.getByRole('button', { name: 'Send message' })
    const edge = () => styleOf(send, 'borderTopColor')
    const withoutText = await edge()
    await messenger.getByRole('textbox', { name: 'Message' }).fill('Hello')
    t.not(await edge(), withoutText, 'a button that does nothing is pale, its edge too')
    await push({ type: 'message', class: 'SessionClearedEvent', code: 200, body: {} })
    const alert = messenger.getByRole('alert').getByText('The conversation has been cleared.').locator('..')
    t.not(await styleOf(alert, 'borderTopWidth'), '0px', 'an alert is parted from the conversation')
  })
}
