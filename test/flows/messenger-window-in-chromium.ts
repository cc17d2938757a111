import type { Test } from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { isShown } from '../helpers/shown.ts'
import {
  attach, checkAccessibility, inSight, isLoaded, openChat, openPage, png, said,
  showMessenger, signInByClick, styleOf, transferOf, useDeployment, write
} from '../helpers/messenger-window.ts'
import { until } from '../helpers/until.ts'

const stepUpDeployment = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'
const shortLivedDeployment = 'b4c8e1f0-9a57-4d3e-8c26-1e7f0a5d9b63'

/** The Messenger window as a person sees and operates it, over the host page. */
export async function messengerWindowInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'the Messenger window')
  if (!chromium) return

  await t.test('a person answers with quick replies and cards instead of typing, also after a reload', async t => {
    const { page, log, complaints } = await openChat(t, chromium, lab)
    await write(page, 'help')
    const suggestions = page.getByRole('group', { name: 'Suggested replies' })
    await suggestions.getByRole('button', { name: 'Opening hours' }).waitFor()
    await checkAccessibility(t, page, 'with quick replies')
    await suggestions.getByRole('button', { name: 'Tours' }).click()
    await suggestions.waitFor({ state: 'hidden' })
    await log.getByText('Tours', { exact: true }).waitFor()
    await isShown(t, log.getByText('Tours', { exact: true }), 1, 'the choice stands in the log as their own message')

    const cards = log.getByRole('region', { name: '3 cards to choose from' })
    await cards.getByText('Midday tour').waitFor()
    await checkAccessibility(t, page, 'with a carousel')
    t.equal(await inSight(log.getByRole('button', { name: 'Choose 16:00' })), false)
    await log.getByRole('button', { name: 'Next card' }).click()
    await log.getByRole('button', { name: 'Next card' }).click()
    await until('the last card is in sight', () => inSight(log.getByRole('button', { name: 'Choose 16:00' })))
    await log.getByRole('button', { name: 'Choose 16:00' }).press('Enter')
    await log.getByText('The afternoon tour at 16:00 has room for you.').waitFor()
    await isShown(t, log.getByRole('button', { name: 'Choose 16:00', pressed: true }), 1, 'the chosen button shows that it is')

    await page.reload()
    await showMessenger(page)
    await log.getByText('The afternoon tour at 16:00 has room for you.').waitFor()
    const chosen = log.getByRole('button', { name: 'Choose 16:00', pressed: true })
    t.equal(await chosen.getAttribute('aria-disabled'), 'true', 'and nobody chooses twice')
    await isShown(t, log.getByText('Choose 16:00', { exact: true }), 2, 'once on the card, once as their message')
    t.strictSame(complaints, [])
  })

  await t.test('a person sends pictures and other files, with a text or without', async t => {
    const { page, messenger, log, complaints } = await openChat(t, chromium, lab)
    const files = messenger.getByRole('list', { name: 'Files to send' })
    await attach(page, { name: 'kayak.png', mimeType: 'image/png', buffer: png }, { name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('Tide at ten') })
    await until('both are ready', async () => await files.locator('[aria-busy=false]').count() === 2)
    await checkAccessibility(t, page, 'with files to send')
    await messenger.getByRole('button', { name: 'Remove plan.txt' }).click()
    await isShown(t, files.getByText('plan.txt'), 0)
    await write(page, 'Is this one yours?')
    await files.waitFor({ state: 'hidden' })
    const picture = log.getByRole('img', { name: 'kayak.png' })
    await until('the picture is shown', () => isLoaded(picture))
    await log.getByText('Sent', { exact: true }).first().waitFor()
    const link = log.getByRole('link', { name: 'kayak.png' })
    t.match(await link.getAttribute('href'), `${lab.genesys}/`)
    t.strictSame([await link.getAttribute('target'), await link.getAttribute('rel')], ['_blank', 'noopener noreferrer'])

    await attach(page, { name: 'دليل.txt', mimeType: 'text/plain', buffer: Buffer.from('مرحبا') })
    await files.getByText('Ready to send').or(files.locator('[aria-busy=false]')).first().waitFor()
    await messenger.getByRole('button', { name: 'Send message' }).click()
    await log.getByRole('link', { name: 'دليل.txt' }).waitFor()

    await page.reload()
    await showMessenger(page)
    await until('the picture is back', () => isLoaded(picture))
    await isShown(t, log.getByText('plan.txt'), 0, 'what was removed has not been sent')
    t.strictSame(complaints, [])

    let requests = 0
    await page.route(`${lab.genesys}/attachments/**`, route => requests++ === 0 ? route.fulfill({ status: 403 }) : route.continue())
    await page.reload()
    await showMessenger(page)
    await until('the picture has been got at a fresh address', async () => requests > 1 && await isLoaded(picture))
  })

  await t.test('a file that the service does not take says why, and keeps nobody from writing', async t => {
    const { page, messenger, log } = await openChat(t, chromium, lab)
    await attach(page, { name: 'setup.exe', mimeType: 'application/octet-stream', buffer: png }, { name: 'empty.png', mimeType: 'image/png', buffer: Buffer.alloc(0) })
    const files = messenger.getByRole('list', { name: 'Files to send' })
    await until('both are refused', async () => await files.locator('.failed').count() === 2)
    await checkAccessibility(t, page, 'with refused files')
    await write(page, 'When are you open?')
    await log.getByText('every day from 9:00').waitFor()
    await messenger.getByRole('button', { name: 'Remove setup.exe' }).click()
    await messenger.getByRole('button', { name: 'Remove empty.png' }).click()
    t.equal(await files.isVisible(), false)
  })

  await t.test('files can be dropped onto the window and pasted into the field', async t => {
    const { messenger } = await openChat(t, chromium, lab)
    const dropped = await transferOf(messenger, 'dropped.png')
    await messenger.dispatchEvent('dragover', { dataTransfer: dropped })
    await messenger.getByText('Drop files to attach them').waitFor()
    await messenger.dispatchEvent('drop', { dataTransfer: dropped })
    await messenger.getByRole('button', { name: 'Remove dropped.png' }).waitFor()
    t.equal(await messenger.getByText('Drop files to attach them').isVisible(), false)
    const field = messenger.getByRole('textbox', { name: 'Message' })
    await field.evaluate((field, clipboardData) => {
      const { ClipboardEvent } = field.ownerDocument.defaultView
      field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    }, await transferOf(messenger, 'pasted.png'))
    await messenger.getByRole('button', { name: 'Remove pasted.png' }).waitFor()
  })

  await t.test('what the agent writes stays text; only web addresses become links', async t => {
    const { page, log, push, complaints } = await openChat(t, chromium, lab)
    await push(said({ text: '<img src=x onerror="document.title=\'owned\'"><b>bold</b>\nsecond line, see https://example.org/tides?day=1. Or javascript:alert(1)' }))
    const bubble = log.getByText('second line')
    await bubble.waitFor()
    t.match(await bubble.innerText(), '<b>bold</b>\nsecond line', 'markup is shown as it was written, with its line break')
    const links = bubble.getByRole('link')
    await isShown(t, links, 1)
    t.equal(await links.getAttribute('href'), 'https://example.org/tides?day=1', 'without the full stop of the sentence')
    t.equal(await links.getAttribute('rel'), 'noopener noreferrer')

    const card = {
      title: 'Trap',
      image: 'javascript:alert(2)',
      defaultAction: { type: 'Link', url: 'javascript:alert(3)' },
      actions: [{ type: 'Link', text: 'Go', url: 'javascript:alert(4)' }, { type: 'Link', text: 'Good', url: 'https://example.org/good' }]
    }
    await push(said({ type: 'Structured', text: 'Fallback', content: [{ contentType: 'Card', card }] }))
    await push(said({ text: 'Plan', content: [{ contentType: 'Attachment', attachment: { id: 'a', filename: 'trap.html', url: 'data:text/html,hello', mediaType: 'Image' } }] }))
    await push(said({ type: 'Structured', text: 'This can be read anyway', content: [{ contentType: 'Something new', somethingNew: {} }] }))
    await log.getByText('This can be read anyway').waitFor()
    const addresses = await log.getByRole('link').evaluateAll(links => links.map(link => link.getAttribute('href')))
    t.strictSame(addresses, ['https://example.org/tides?day=1', 'https://example.org/good'], 'nothing but http and https can be followed')
    await isShown(t, log.getByText('trap.html'), 1)
    t.not(await page.title(), 'owned')
    t.strictSame(complaints, [])
  })

  await t.test('a long word wraps, Arabic reads from right to left, and each day has a heading', async t => {
    const { messenger, log, push } = await openChat(t, chromium, lab, { viewport: { width: 320, height: 568 } })
    const long = 'Donaudampfschifffahrtsgesellschaft'.repeat(12)
    const yesterday = new Date(Date.now() - 24 * 3_600_000).toISOString()
    await push(said({ text: 'From yesterday' }, yesterday))
    await push(said({ text: long }))
    await push(said({ text: 'مرحبا، كيف يمكنني مساعدتك؟' }))
    await log.getByText('مرحبا').waitFor()
    t.equal(await styleOf(log.getByText('مرحبا'), 'direction'), 'rtl')
    t.equal(await styleOf(log.getByText(long), 'direction'), 'ltr')
    t.strictSame(await log.getByText(/^(Today|Yesterday)$/).allInnerTexts(), ['Yesterday', 'Today'])
    const region = messenger.getByRole('region', { name: 'Messages' })
    t.ok(await region.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth), 'nothing sticks out sideways')
    t.equal(await log.locator('time').first().getAttribute('datetime'), yesterday)
  })

  await t.test('times can be chosen from a date picker by keyboard', async t => {
    const { page, log, push, sent } = await openChat(t, chromium, lab)
    const times = [2, 3, 4, 5].map(day => ({ dateTime: new Date(2030, 0, day, 10).toISOString(), duration: 3600 }))
    await push(said({ type: 'Structured', text: 'When?', id: 'question-1', content: [{ contentType: 'DatePicker', datePicker: { title: 'Seal Sands', availableTimes: times } }] }))
    const picker = log.getByRole('group', { name: 'Seal Sands' })
    await picker.getByRole('button', { name: 'More times' }).press('Enter')
    await checkAccessibility(t, page, 'with a date picker')
    await page.keyboard.press('Enter')
    await until('the choice is sent', () => sent().some(frame => frame.includes('DatePicker')))
    const [choice] = sent().filter(frame => frame.includes('DatePicker')).map(frame => JSON.parse(frame).message.content[0].buttonResponse)
    t.match(choice, { type: 'DatePicker', payload: times[3]?.dateTime, originatingMessageId: 'question-1' })
  })

  await t.test('who reads further up is not torn away, and finds the way back to the latest message', async t => {
    const { messenger, log, push } = await openChat(t, chromium, lab)
    for (let count = 1; count <= 20; count++) await push(said({ text: `Line ${count}\nof\nmany` }))
    await log.getByText('Line 20').waitFor()
    await until('the end is in sight', () => inSight(log.getByText('Line 20')))
    await messenger.getByRole('region', { name: 'Messages' }).evaluate(region => { region.scrollTop = 60 })
    await messenger.getByRole('button', { name: 'Jump to latest' }).waitFor()
    await push(said({ text: 'The news' }))
    await messenger.getByRole('button', { name: '1 new message' }).waitFor()
    t.equal(await inSight(log.getByText('The news')), false)
    await messenger.getByRole('button', { name: '1 new message' }).click()
    await until('the news is in sight', () => inSight(log.getByText('The news')))
    t.equal(await messenger.getByRole('button', { name: 'Jump to latest' }).isVisible(), false)
  })

  await t.test('what comes while the window is closed is counted at the launcher', async t => {
    const { page, messenger, push } = await openChat(t, chromium, lab)
    await messenger.getByRole('button', { name: 'Minimize chat' }).click()
    const launcher = page.getByRole('button', { name: 'Open messenger' })
    t.equal(await launcher.evaluate(button => button.matches(':focus')), true, 'the focus returns to it')
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
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByRole('heading', { name: 'Sign out of Tern ID?' }).waitFor()
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await page.getByRole('link', { name: 'Sign in', exact: true }).waitFor()
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

    await messenger.getByRole('button', { name: 'More options' }).click()
    await messenger.getByRole('button', { name: 'Clear conversation' }).click()
    await question.getByRole('button', { name: 'Clear', exact: true }).click()
    await messenger.getByText('The conversation has been cleared.').waitFor()
    await isShown(t, log.getByText('Hello Alice'), 0)
    await messenger.getByRole('button', { name: 'Start new chat' }).click()
    await log.getByText('Hello Alice').waitFor()
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
    await command('Messenger.clear')
    await isShown(t, log.getByText('Hello Alice'), 0)
    t.equal(await command('Messenger.openSearch'), 'Knowledge is not enabled in your configuration.')
    t.equal(await command('Messenger.openCobrowse'), 'Co-browse is not enabled in your configuration.')
    await command('Messenger.close')
    await command('Launcher.hide')
    t.equal(await page.getByRole('button', { name: 'Open messenger' }).isVisible(), false)
    await command('Launcher.show')
    t.equal(await page.getByRole('button', { name: 'Open messenger' }).isVisible(), true)
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
    await page.emulateMedia({ colorScheme: 'light', contrast: 'no-preference', forcedColors: 'active' })
    t.not(await styleOf(messenger, 'borderTopWidth'), '0px', 'forced colours keep the outline')
  })
}
