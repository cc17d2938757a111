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
}
