import type { Locator } from 'playwright-core'
import type { Test } from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import {
  attach, checkAccessibility, inSight, isLoaded, openChat, png, said, showMessenger, styleOf, transferOf, write
} from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'
import { until } from '../helpers/until.ts'

/** What is written in the Messenger window, and how it is read there. */
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

    const cards = log.getByRole('region', { name: '4 cards to choose from' })
    await cards.getByText('Seal Sands', { exact: true }).waitFor()
    await checkAccessibility(t, page, 'with a carousel')
    t.equal(await inSight(log.getByRole('button', { name: 'Choose Kayak hire' })), false)
    await pressBeforeScrollEnd(cards)
    await log.getByRole('button', { name: 'Next card' }).click()
    await until('the last card is in sight', () => inSight(log.getByRole('button', { name: 'Choose Kayak hire' })))
    await log.getByRole('button', { name: 'Choose Kayak hire' }).press('Enter')
    await log.getByText('Kayak hire: Half or full day, Singles and doubles, from £30.').waitFor()
    await isShown(t, log.getByRole('button', { name: 'Choose Kayak hire', pressed: true }), 1, 'the chosen button shows that it is')

    await page.reload()
    await showMessenger(page)
    await log.getByText('Kayak hire: Half or full day, Singles and doubles, from £30.').waitFor()
    const chosen = log.getByRole('button', { name: 'Choose Kayak hire', pressed: true })
    t.equal(await chosen.getAttribute('aria-disabled'), 'true', 'and nobody chooses twice')
    await isShown(t, log.getByText('Choose Kayak hire', { exact: true }), 2, 'once on the card, once as their message')
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
    const [choice] = sent().filter(frame => frame.includes('DatePicker')).map(frame => JSON.parse(frame).message)
    t.match(choice, {
      content: [{ buttonResponse: { type: 'DatePicker', payload: times[3]?.dateTime } }], metadata: { parentMessageId: 'question-1' }
    })
  })

  await t.test('a person chooses from a list and fills in a form by keyboard, page by page, and finds both answered after a reload', async t => {
    const { page, messenger, log, complaints } = await openChat(t, chromium, lab)
    const focused = () => page.locator('genesys-messenger').evaluate(messenger => messenger.shadowRoot.activeElement.textContent)
    await write(page, 'What would you recommend?')
    await log.getByRole('group', { name: 'What are you interested in?' }).getByRole('button', { name: 'Choose' }).press('Enter')
    const list = messenger.getByRole('dialog', { name: 'What are you interested in?' })
    t.equal(await focused(), 'What are you interested in?')
    await list.getByRole('button', { name: 'Send', exact: true }).press('Enter')
    await list.getByText('Please choose at least one.').waitFor()
    await checkAccessibility(t, page, 'with a list')
    await page.keyboard.press('Space')
    await page.keyboard.press('Escape')
    await list.waitFor({ state: 'hidden' })
    t.equal(await focused(), 'Choose', 'who thinks better of it is where they were')
    await page.keyboard.press('Enter')
    t.ok(await list.getByRole('checkbox', { name: 'First light' }).isChecked(), 'and what was chosen still is')
    await list.getByRole('group', { name: 'On your own' }).getByRole('radio', { name: 'A single kayak' }).press('Space')
    await list.getByRole('radio', { name: 'A double kayak' }).press('Space')
    await list.getByRole('button', { name: 'Send', exact: true }).press('Enter')
    await log.getByText('First light, A double kayak', { exact: true }).waitFor()
    await log.getByText('that helps').waitFor()
    const chosen = log.getByRole('group', { name: 'Your interests, answered' })
    t.strictSame(await chosen.getByRole('listitem').allTextContents(), ['First light', 'A double kayak'])
    await isShown(t, chosen.getByRole('button'), 0)

    await write(page, 'We are a group')
    await log.getByRole('button', { name: 'Fill in' }).press('Enter')
    const form = messenger.locator('.questionnaire')
    const press = (name: string) => form.getByRole('button', { name, exact: true }).press('Enter')
    await press('Begin')
    await press('Next')
    await form.getByText('Please fill this in.').waitFor()
    const name = form.getByRole('textbox', { name: 'Name' })
    t.strictSame([await name.getAttribute('maxlength'), await name.getAttribute('aria-invalid')], ['30', 'true'])
    await checkAccessibility(t, page, 'with a form')
    await name.fill('Ada Lovelace')
    await name.press('Enter')
    await form.getByRole('combobox', { name: 'How many are coming?' }).selectOption('4 people')
    await press('Next')
    await form.getByRole('radio', { name: 'Seal Sands' }).press('Space')
    await form.getByLabel('Day').fill('2020-01-01')
    await press('Next')
    await form.getByText('Please choose a day from').waitFor()
    const day = new Date(Date.now() + 3 * 86_400_000)
    await form.getByLabel('Day').fill(day.toISOString().slice(0, 10))
    await press('Next')
    const wishes = form.getByRole('textbox', { name: 'Wishes' })
    t.equal(await wishes.getAttribute('maxlength'), '300')
    await wishes.fill('We bring\na dog')
    await press('Review')
    await checkAccessibility(t, page, 'with a summary')
    const given = ['Ada Lovelace', '4 people', 'Seal Sands', new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(day), 'We bring\na dog']
    t.strictSame(await form.getByRole('definition').allTextContents(), given)
    await press('Back')
    t.equal(await wishes.inputValue(), 'We bring\na dog')
    await press('Review')
    await press('Send')
    await log.getByText('request has arrived').waitFor()

    await page.reload()
    await showMessenger(page)
    const filledIn = log.getByRole('group', { name: 'Request for a group trip, answered' })
    await filledIn.waitFor()
    t.strictSame(await filledIn.getByRole('definition').allTextContents(), given)
    await isShown(t, log.getByRole('group', { name: 'Your interests, answered' }).getByText('A double kayak'), 1)
    t.strictSame(complaints, [])
  })

  await t.test('a card can show a film and lead somewhere itself, and a quick reply can have a picture', async t => {
    const { log, messenger, push, sent } = await openChat(t, chromium, lab)
    const picture = `data:image/png;base64,${png.toString('base64')}`
    const card = { title: 'Seal Sands', video: 'https://brand.example/seals.mp4', defaultAction: { type: 'Postback', text: 'Seals, please', payload: 'seals' }, actions: [] }
    await push(said({
      type: 'Structured',
      text: 'Seals',
      content: [
        { contentType: 'Card', card },
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'yes', image: 'https://brand.example/yes.png', action: 'Message' } },
        { contentType: 'QuickReply', quickReply: { text: 'No', payload: 'no', image: picture, action: 'Message' } }
      ]
    }))
    t.equal(await log.getByLabel('Video: Seal Sands').getAttribute('src'), 'https://brand.example/seals.mp4')
    const replies = messenger.getByRole('group', { name: 'Suggested replies' })
    t.equal(await replies.getByRole('button', { name: 'Yes' }).locator('img').getAttribute('src'), 'https://brand.example/yes.png')
    await isShown(t, replies.getByRole('button', { name: 'No' }).locator('img'), 0, 'from the web only')
    await log.getByRole('button', { name: 'Seal Sands' }).click()
    await until('the choice is sent', () => sent().some(frame => frame.includes('seals')))
    const [choice] = sent().filter(frame => frame.includes('seals')).map(frame => JSON.parse(frame).message.content[0].buttonResponse)
    t.match(choice, { type: 'Button', text: 'Seals, please', payload: 'seals' })
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
}

/** Have the next card come, and press for the one after it when that is there, just before the event that says so. */
function pressBeforeScrollEnd (cards: Locator): Promise<void> {
  return cards.evaluate(track => new Promise<void>(resolve => {
    const next = track.parentElement.querySelector('.turn.on')
    track.addEventListener('scrollend', () => {
      next.click()
      resolve()
    }, { once: true, capture: true })
    next.click()
  }))
}
