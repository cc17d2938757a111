import { AxeBuilder } from '@axe-core/playwright'
import type { Browser as Chromium } from 'playwright-core'
import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { startChromium } from '../helpers/chromium.ts'
import { Desk } from '../helpers/desk.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import { connect } from '../helpers/guest.ts'
import type { Lab } from '../helpers/lab.ts'
import { openPage, showMessenger, signInByClick, styleOf, write } from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'
import { until } from '../helpers/until.ts'

const anonymousDeploymentId = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'
const stepUpDeploymentId = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'
const hostile = '<img src=x onerror=alert(1)>'

/** Two people in two browsers: a guest in the Messenger of the host page, and an agent at the desk. */
export async function deskInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'an agent and a guest talk in Chromium')
  if (!chromium) return

  await t.test('an agent and a guest who has signed in talk both ways', async t => {
    const guest = await openPage(t, chromium)
    await guest.page.goto(`${lab.app}/login`)
    await guest.page.getByRole('button', { name: 'Sign in as Alice Anders' }).click()
    await guest.page.getByRole('button', { name: 'Open messenger' }).click()
    const messenger = guest.page.getByRole('dialog', { name: 'Messenger' })
    const log = messenger.getByRole('log')
    await log.getByText('Hello Alice').waitFor()

    const agent = await openDesk(t, chromium, lab)
    const desk = agent.page
    await desk.getByLabel('Your name').fill('Noor')
    await desk.getByRole('button', { name: 'Alice Anders' }).first().click()
    await desk.getByText('Verified by').getByText(lab.issuer).waitFor()
    const said = desk.getByRole('log')
    await said.getByText('Hello Alice').waitFor()
    await desk.getByRole('button', { name: 'Take conversation' }).click()
    await log.getByText('I am handing you over to Noor.').waitFor()

    await messenger.getByRole('textbox').pressSequentially('Is the ')
    await desk.getByText('Alice Anders is typing').waitFor()
    await messenger.getByRole('textbox').fill(hostile)
    await guest.page.keyboard.press('Enter')
    await said.getByText(hostile).waitFor()
    await isShown(t, said.locator('img'), 0, 'what a guest writes is never HTML')

    const reply = desk.getByRole('textbox', { name: 'Reply' })
    await reply.pressSequentially('For you ')
    await messenger.getByText(/is typing/).waitFor()
    await reply.fill('For you, always.\nWhich day?')
    await desk.getByRole('button', { name: 'Quick replies' }).click()
    await desk.getByLabel('Button text').fill('Thursday')
    await desk.keyboard.press('Enter')
    await desk.getByRole('button', { name: 'Send' }).click()
    await log.getByText('For you, always.').waitFor()
    await said.getByText('Delivered').waitFor()
    t.equal(await reply.inputValue(), '')

    await messenger.getByRole('button', { name: 'Thursday' }).click()
    await said.getByText('Chose').waitFor()

    const choosing = desk.waitForEvent('filechooser')
    await desk.getByRole('button', { name: 'Attach a file' }).click()
    await (await choosing).setFiles({ name: 'tide table.txt', mimeType: 'text/plain', buffer: Buffer.from('high at noon') })
    await log.getByText('tide table.txt').waitFor()
    await said.getByRole('link', { name: 'tide table.txt' }).waitFor()

    await desk.getByRole('button', { name: 'Give back' }).click()
    await log.getByText('I am back').waitFor()
    await desk.getByRole('button', { name: 'Take conversation' }).click()
    await desk.getByRole('button', { name: 'End conversation' }).click()
    await desk.getByRole('button', { name: 'Cancel' }).click()
    await reply.fill('Before you go')
    await desk.getByRole('button', { name: 'End conversation' }).click()
    await desk.getByRole('button', { name: 'End it' }).click()
    await desk.getByText('This conversation has ended').first().waitFor()
    t.equal(await reply.inputValue(), 'Before you go', 'what was typed stays')
    await messenger.getByRole('textbox').waitFor({ state: 'hidden' })
    t.strictSame([...guest.complaints, ...agent.complaints], [], 'nothing in the consoles')
  })

  await t.test('a guest who has not signed in is plainly not verified, and what comes in is counted until it is read', async t => {
    const { page, complaints } = await openDesk(t, chromium, lab)
    const guest = await connect(lab.genesys, { deploymentId: anonymousDeploymentId, origin: lab.app })
    t.teardown(() => guest.close())
    await guest.request('configureSession', { deploymentId: anonymousDeploymentId })
    await guest.say('I am Alice Anders, believe me. When do you open?')
    const item = page.getByRole('list').getByRole('button', { name: 'Anonymous guest' }).first()
    await item.getByText('1 unread').waitFor()
    t.match(await page.title(), /^\(\d+\) Agent desk$/)
    await item.getByText('Not verified').waitFor()

    await item.click()
    await page.getByText('Whatever this guest says about who they are is not verified').waitFor()
    await page.getByRole('log').getByText('believe me').waitFor()
    await item.getByText('unread').waitFor({ state: 'hidden' })
    await page.getByText('Here now').first().waitFor()
    await guest.close()
    await page.locator('#guest').getByText('Away').waitFor()

    await page.reload()
    await page.getByRole('log').getByText('believe me').waitFor()
    t.strictSame(complaints, [])
  })

  await t.test('an agent has the guest choose from a list and fill in a form, and reads the answers in the words of the questions', async t => {
    const guest = await openPage(t, chromium)
    await signInByClick(guest.page, lab, 'Bob Brandt')
    await showMessenger(guest.page)
    const messenger = guest.page.getByRole('dialog', { name: 'Messenger' })
    const log = messenger.getByRole('log')
    await log.getByText('Hello Bob').waitFor()
    const agent = await openDesk(t, chromium, lab)
    const desk = agent.page
    await desk.getByLabel('Your name').fill('Noor')
    await desk.getByRole('button', { name: 'Bob Brandt' }).first().click()
    await desk.getByRole('button', { name: 'Take conversation' }).click()
    const said = desk.getByRole('log')

    await desk.getByRole('button', { name: 'Lists and forms' }).click()
    const editor = desk.getByRole('group', { name: 'Lists and forms' })
    await editor.getByRole('button', { name: 'List: What are you interested in?' }).waitFor()
    await editor.getByLabel('Question').fill('Which days?')
    t.ok(await editor.getByRole('button', { name: 'Send list' }).isDisabled(), 'nothing to choose from yet')
    await editor.getByLabel('Options').fill(`Monday\n\n${hostile}\nFriday\nMonday`)
    await editor.getByLabel('Several can be chosen').check()
    await editor.getByRole('button', { name: 'Send list' }).click()
    await editor.waitFor({ state: 'hidden' })
    await log.getByRole('group', { name: 'Which days?' }).getByRole('button', { name: 'Choose' }).click()
    const sheet = messenger.getByRole('dialog')
    t.strictSame(await sheet.getByRole('checkbox').evaluateAll(boxes => boxes.map(box => box.labels[0].textContent)), ['Monday', hostile, 'Friday'])
    await sheet.getByLabel('Friday').check()
    await sheet.getByLabel(hostile).check()
    await sheet.getByRole('button', { name: 'Send', exact: true }).click()
    await said.getByText(`${hostile}, Friday`, { exact: true }).waitFor()

    await desk.getByRole('button', { name: 'Lists and forms' }).click()
    await editor.getByRole('button', { name: 'Form: A trip for your group' }).click()
    await log.getByRole('button', { name: 'Fill in' }).waitFor()
    const { conversationId } = (await new Desk(lab.genesys).list()).entities.find(({ guest }) => guest.name === 'Bob Brandt')!
    for (let number = 1; number <= 51; number++) await new Desk(lab.genesys).act(conversationId, 'messages', { name: 'Noor', text: `fact ${number}` })
    await desk.reload()
    await said.getByText('fact 51', { exact: true }).waitFor()
    await isShown(t, said.getByText('A trip for your group'), 0, 'the form is further back than what is loaded')

    await log.getByRole('button', { name: 'Fill in' }).click()
    const press = (name: string) => sheet.getByRole('button', { name, exact: true }).click()
    await press('Begin')
    await sheet.getByRole('textbox', { name: 'Name' }).fill(hostile)
    await press('Next')
    await sheet.getByRole('combobox', { name: 'How many are coming?' }).selectOption('4 people')
    await press('Next')
    await sheet.getByRole('radio', { name: 'Seal Sands' }).check()
    await press('Next')
    await press('Review')
    await press('Send')
    const filledIn = async () => [await said.getByRole('term').allTextContents(), await said.getByRole('definition').allTextContents()]
    const expected = [['Name', 'How many are coming?', 'Tour'], [hostile, '4 people', 'Seal Sands']]
    await said.getByText('Request for a group trip').waitFor()
    await until('the questions stand beside the answers', async () => (await filledIn())[0]!.includes('Tour')).catch(() => {})
    t.strictSame(await filledIn(), expected)
    await desk.reload()
    await said.getByText('Request for a group trip').waitFor()
    await until('the questions stand beside the answers', async () => (await filledIn())[0]!.includes('Tour')).catch(() => {})
    t.strictSame(await filledIn(), expected, 'after a reload too')
    await desk.getByRole('button', { name: 'Show earlier messages' }).click()
    await said.getByText('A trip for your group').waitFor()
    await isShown(t, said.getByText('Request for a group trip'), 1)
    t.strictSame([...guest.complaints, ...agent.complaints], [], 'nothing in the consoles')
  })

  await t.test('where the guest goes on the page stands beside the conversation at once', async t => {
    const { page } = await openPage(t, chromium)
    await page.goto(`${lab.app}/?deployment=anonymous`)
    await showMessenger(page)
    await write(page, 'Where do we begin?')
    const { page: desk, complaints } = await openDesk(t, chromium, lab)
    await desk.getByRole('button', { name: 'Anonymous guest' }).first().click()
    await desk.getByRole('log').getByText('Where do we begin?').waitFor()
    const journey = desk.getByRole('region', { name: 'Where they have been' })
    const stops = journey.getByRole('listitem')
    const { host } = new URL(lab.app)
    const title = await page.title()
    await stops.filter({ hasText: title }).getByText(`${host}/`, { exact: true }).waitFor()

    await page.locator('#facts').evaluate(facts => facts.scrollIntoView())
    await stops.getByText('facts seen').waitFor()
    await page.goto(`${lab.app}/?from=newsletter`)
    await stops.filter({ hasText: title }).getByText(`${host}/?from=newsletter`, { exact: true }).waitFor()
    await page.evaluate(`Genesys('command', 'Journey.pageview', { pageTitle: '${hostile}', customAttributes: { boat: '${hostile}' } })`)
    await stops.first().getByText(hostile, { exact: true }).waitFor()
    t.match(await stops.first().innerText(), `boat: ${hostile}`, 'the latest stands first')
    await isShown(t, journey.locator('img'), 0, 'what a page tells is never HTML')
    t.strictSame(complaints, [])
  })

  await t.test('the agent sees the guest sign in during the conversation', async t => {
    const { page } = await openDesk(t, chromium, lab)
    const guest = await connect(lab.genesys, { deploymentId: stepUpDeploymentId, origin: lab.app })
    t.teardown(() => guest.close())
    await guest.request('configureSession', { deploymentId: stepUpDeploymentId })
    await guest.say('May I ask something first?')
    await page.getByRole('button', { name: 'Anonymous guest' }).first().click()
    await page.getByText('Not signed in.').waitFor()

    const browser = new Browser(lab)
    await browser.signIn('carol')
    const api = new GenesysApi(lab)
    const handover = (await browser.authCode()).json() as Handover
    const { body } = await api.exchange({ ...api.exchangeBody(handover), deploymentId: stepUpDeploymentId })
    await guest.request('configureAuthenticatedSession', { deploymentId: stepUpDeploymentId, data: { code: body.jwt } })
    await page.getByRole('log').getByText('The guest has signed in.').waitFor()
    await page.getByText('Signed in during this conversation').waitFor()
    await page.getByRole('heading', { name: 'Carol Castellanos' }).waitFor()
    await isShown(t, page.getByText('Not signed in.'), 0)
  })

  await t.test('two agents: the second is asked before it takes over, and the first can no longer write', async t => {
    const guest = await connect(lab.genesys, { deploymentId: anonymousDeploymentId, origin: lab.app })
    t.teardown(() => guest.close())
    await guest.request('configureSession', { deploymentId: anonymousDeploymentId })
    await guest.say('Hello, two of you')
    const [kim, noor] = [await openDesk(t, chromium, lab), await openDesk(t, chromium, lab)].map(({ page }) => page)
    for (const [page, name] of [[kim!, 'Kim'], [noor!, 'Noor']] as const) {
      await page.getByLabel('Your name').fill(name)
      await page.getByRole('button', { name: 'Anonymous guest' }).first().click()
      await page.getByRole('log').getByText('two of you').waitFor()
    }
    await kim!.getByRole('button', { name: 'Take conversation' }).click()
    await kim!.getByRole('textbox', { name: 'Reply' }).fill('half a sen')
    await noor!.getByText('Kim has taken this conversation.').waitFor()
    await noor!.getByRole('button', { name: 'Take conversation' }).click()
    await noor!.getByRole('button', { name: 'Take over' }).click()
    await noor!.getByRole('textbox', { name: 'Reply' }).fill('Noor here')
    await noor!.keyboard.press('Enter')
    await kim!.getByText('Noor has taken this conversation.').waitFor()
    await kim!.getByRole('log').getByText('Noor here').waitFor()
    t.equal(await kim!.getByRole('textbox', { name: 'Reply' }).inputValue(), 'half a sen')
    t.equal(await kim!.getByRole('button', { name: 'Send' }).isDisabled(), true)
  })

  await t.test('the desk says that it has lost the connection, and has everything when it is back', async t => {
    const { page } = await openDesk(t, chromium, lab)
    const guest = await connect(lab.genesys, { deploymentId: anonymousDeploymentId, origin: lab.app })
    await guest.request('configureSession', { deploymentId: anonymousDeploymentId })
    await guest.say('before')
    await page.getByRole('button', { name: 'Anonymous guest' }).first().click()
    await page.getByRole('log').getByText('before').waitFor()
    await lab.stop('genesys')
    await page.getByText('The connection is lost').waitFor()
    await lab.start('genesys')

    const again = await connect(lab.genesys, { deploymentId: anonymousDeploymentId, origin: lab.app, token: guest.token })
    t.teardown(() => again.close())
    await again.request('configureSession', { deploymentId: anonymousDeploymentId })
    await again.say('meanwhile')
    await page.getByText('The connection is lost').waitFor({ state: 'hidden' })
    await page.getByRole('log').getByText('meanwhile').waitFor()
    await isShown(t, page.getByRole('log').getByText('before', { exact: true }), 1, 'nothing is there twice')
  })

  await t.test('the desk has no accessibility violations that axe finds, on any screen, light or dark', async t => {
    const guest = await connect(lab.genesys, { deploymentId: anonymousDeploymentId, origin: lab.app })
    t.teardown(() => guest.close())
    await guest.request('configureSession', { deploymentId: anonymousDeploymentId })
    await guest.say('I want to book a tour')
    const { page } = await openDesk(t, chromium, lab)
    await page.getByRole('heading', { name: 'Conversations' }).waitFor()
    const check = async (what: string) => {
      const { violations } = await new AxeBuilder({ page }).analyze()
      t.strictSame(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [], what)
    }
    await check('the list')
    const tag = page.getByRole('banner').getByRole('link')
    for (const width of [320, 740]) {
      await page.setViewportSize({ width, height: 800 })
      t.ok((await tag.boundingBox())!.height < 2.5 * parseFloat(await styleOf(tag, 'font-size')), `a short word is on one line, ${width} wide`)
    }
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.getByRole('button', { name: 'Anonymous guest' }).first().click()
    await page.getByRole('log').getByText('I want to book a tour').waitFor()
    await page.getByRole('button', { name: 'Take conversation' }).click()
    await page.getByRole('button', { name: 'Quick replies' }).click()
    await page.getByLabel('Button text').fill('Yes')
    await page.keyboard.press('Enter')
    for (const [colorScheme, width, height] of [['light', 1280, 800], ['dark', 1280, 800], ['dark', 390, 844], ['light', 390, 844]] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height })
      await check(`a conversation, ${colorScheme}, ${width} wide`)
    }
    t.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true, 'nothing is wider than a phone')
    await page.getByRole('button', { name: 'Lists and forms' }).click()
    await page.getByRole('button', { name: 'List: What are you' }).waitFor()
    await check('the lists and forms, on a phone')
    const sendList = page.getByRole('button', { name: 'Send list' })
    const look = () => Promise.all(['background-color', 'color'].map(property => styleOf(sendList, property)))
    const disabled = await look()
    await page.getByLabel('Question').fill('Which day?')
    await page.getByLabel('Options').fill('Monday')
    t.notSame(await look(), disabled, 'what cannot be pressed yet does not look as if it could')
    await page.getByRole('button', { name: 'Guest details' }).click()
    await check('the guest, on a phone')
    await page.getByRole('button', { name: 'Close guest details' }).click()
    await page.getByRole('button', { name: 'End conversation' }).click()
    await check('the question')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Back to the conversations' }).click()
    await page.getByRole('heading', { name: 'Conversations' }).waitFor()
  })

  await t.test('the desk works where the browser keeps nothing for it', async t => {
    const guest = await connect(lab.genesys, { deploymentId: anonymousDeploymentId, origin: lab.app })
    t.teardown(() => guest.close())
    await guest.request('configureSession', { deploymentId: anonymousDeploymentId })
    await guest.say('Is there anybody?')
    const { page } = await openDesk(t, chromium, lab, () => {
      for (const kind of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(globalThis, kind, { get () { throw new DOMException('Access is denied for this document.', 'SecurityError') } })
      }
    })
    await page.getByLabel('Your name').fill('Noor')
    await page.getByRole('button', { name: 'Anonymous guest' }).first().click()
    await page.getByRole('button', { name: 'Take conversation' }).click()
    await page.getByRole('textbox', { name: 'Reply' }).fill('Here I am.')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByRole('log').getByText('Here I am.').waitFor()
  })
}

async function openDesk (t: Test, chromium: Chromium, lab: Lab, before?: () => void) {
  const opened = await openPage(t, chromium)
  if (before) await opened.page.addInitScript(before)
  // It is asked for once the desk hears what happens; what came before that is not news.
  const list = opened.page.waitForResponse(response => response.url().startsWith(`${lab.genesys}/desk/conversations?`))
  await opened.page.goto(`${lab.genesys}/desk`)
  await list
  return opened
}
