// The brand that is a bank: its chat with each manner of deployment, chosen on its page.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startChromium } from '../helpers/chromium.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { fits } from '../helpers/layout.ts'
import { openPage, showMessenger, signInAs, signInByClick, write } from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'

const lab = await startEmbeddedLab(t, { BRAND: 'bank' })
const chromium = await startChromium(t, 'the bank in Chromium')

const words = { stepUp: 'You need not sign in to chat.', anonymous: 'Nobody has to sign in', signInFirst: 'The chat is for our customers.' }

async function saysOnly (t: Test, page: Page, manner: keyof typeof words) {
  await page.getByText(words[manner]).waitFor()
  for (const [other, text] of Object.entries(words)) await isShown(t, page.getByText(text).filter({ visible: true }), other === manner ? 1 : 0, `${manner}: ${other}`)
}

if (chromium) {
  await t.test('a visitor asks for what is theirs, is asked to sign in, and is answered in the same conversation', async t => {
    const { page, complaints } = await openPage(t, chromium)
    await page.goto(lab.app)
    await saysOnly(t, page, 'signInFirst')
    await page.getByRole('navigation', { name: 'Lab' }).getByRole('link', { name: 'step-up' }).click()
    await saysOnly(t, page, 'stepUp')

    await showMessenger(page)
    const messenger = page.getByRole('dialog', { name: 'Messenger' })
    const log = messenger.getByRole('log')
    await messenger.getByRole('heading', { name: 'Ask Marram Bank' }).waitFor()
    await log.getByText('Hello, I am Robin.').waitFor()
    await write(page, 'What is my balance?')
    await log.getByText('For that I have to know who you are').waitFor()
    const opened = page.waitForEvent('popup')
    await messenger.getByRole('button', { name: 'Sign in', exact: true }).click()
    const popup = await opened
    await popup.getByText('to continue to Marram Bank').waitFor()
    await signInAs(popup, 'Alice Anders').click()
    await log.getByText('Alice, your Everyday account ending in 4021 holds £2,418.20').waitFor()
    await isShown(t, log.getByText('What is my balance?'), 1)
    await fits(t, page, 'the bank with its chat')
    t.strictSame(complaints, [])
  })

  await t.test('a visitor of the anonymous chat is told that nobody can sign in to it', async t => {
    const { page, complaints } = await openPage(t, chromium)
    await page.goto(`${lab.app}/?deployment=anonymous`)
    await saysOnly(t, page, 'anonymous')
    await showMessenger(page)
    await write(page, 'Block my card')
    await page.getByRole('log').getByText('nobody can sign in to it').waitFor()
    t.strictSame(complaints, [])
  })

  await t.test('the next person finds nothing of the last one\'s chat, whichever deployment each has chosen', async t => {
    const { page } = await openPage(t, chromium)
    await signInByClick(page, lab, 'Alice Anders')
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Alice').waitFor()
    await write(page, 'What is my balance?')
    await page.getByRole('log').getByText('Alice, your Everyday account').waitFor()
    await page.context().clearCookies()
    await page.goto(`${lab.app}/?deployment=step-up`)
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello, I am Robin.').waitFor()
    const opened = page.waitForEvent('popup')
    await page.getByRole('dialog', { name: 'Messenger' }).getByRole('button', { name: 'Sign in', exact: true }).click()
    await signInAs(await opened, 'Bob Brandt').click()
    await page.getByRole('log').getByText('You are signed in as Bob Brandt.').waitFor()
    await page.goto(`${lab.app}/?deployment=default`)
    await showMessenger(page)
    await page.getByRole('log').getByText('Hello Bob').waitFor()
    await isShown(t, page.getByText('Alice, your Everyday account'), 0)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    await t.test(`its page has its place and its contrast, ${colorScheme}`, async t => {
      const { page } = await openPage(t, chromium, { colorScheme })
      await page.goto(lab.app)
      await saysOnly(t, page, 'signInFirst')
      await fits(t, page, 'the bank')
      const { violations } = await new AxeBuilder({ page }).analyze()
      t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [])
    })
  }
}
