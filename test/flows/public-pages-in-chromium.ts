import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { Desk } from '../helpers/desk.ts'
import { root, type Lab } from '../helpers/lab.ts'
import { png } from '../helpers/messenger-window.ts'
import { isShown } from '../helpers/shown.ts'
import { until } from '../helpers/until.ts'

const stepUp = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'

/** Pages in the manner of public ones, which use nothing but what is documented. */
export async function publicPagesInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'pages in the manner of public ones work in Chromium')
  if (!chromium) return
  const desk = new Desk(lab.genesys)

  const shop = await serve(t, lab)

  async function open (t: Test): Promise<{ page: Page, complaints: string[] }> {
    const page = await (await newContext(t, chromium!, { locale: 'en-GB' })).newPage()
    const complaints: string[] = []
    page.on('console', message => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()) })
    page.on('pageerror', error => { complaints.push(String(error)) })
    return { page, complaints }
  }

  async function openHeadless (t: Test) {
    const opened = await open(t)
    const url = `${lab.genesys}/webdeployments/v1/deployments/${stepUp}/config.json`
    const config = await (await fetch(url)).json() as object
    await opened.page.route(url, route => route.fulfill({
      json: { ...config, headlessMode: { enabled: true } }, headers: { 'access-control-allow-origin': '*' }
    }))
    await opened.page.goto(`${shop}/headless.html`)
    return { ...opened, log: opened.page.getByRole('list', { name: 'Conversation' }) }
  }

  async function say (page: Page, text: string) {
    await page.getByRole('textbox', { name: 'Message' }).fill(text)
    await page.getByRole('button', { name: 'Send' }).click()
  }

  await t.test('a button of the page opens and closes the Messenger', async t => {
    const { page, complaints } = await open(t)
    await page.goto(`${shop}/toggle.html`)
    const toggle = page.getByRole('button', { name: 'Chat with us' })
    const messenger = page.getByRole('dialog', { name: 'Messenger' })
    for (const isOpen of [true, false, true]) {
      await toggle.click()
      await messenger.waitFor({ state: isOpen ? 'visible' : 'hidden' })
    }
    await messenger.getByRole('log').getByText('Hello, I am Robin').waitFor()
    t.equal(await page.locator('#problem').innerText(), '')
    t.strictSame(complaints, [])
  })

  await t.test('a page with a window of its own is greeted, answers with what is offered, and finds all of it again', async t => {
    const { page, log, complaints } = await openHeadless(t)
    await log.getByText('Hello, I am Robin').waitFor()
    await say(page, 'help')
    await say(page, 'Hi')
    await log.getByRole('button', { name: 'Opening hours' }).last().click()
    await log.getByText('We are here every day').waitFor()
    await say(page, 'Which tours are there?')
    await log.getByRole('button', { name: /^Choose/ }).first().click()
    await until('the choice is answered', async () => (await log.getByRole('listitem').last().getAttribute('class')) === 'outbound')
    await say(page, 'What would you recommend?')
    await log.getByText('What are you interested in?').getByRole('button', { name: 'First light', exact: true }).click()
    await log.getByText('(answered)').waitFor()
    await say(page, 'We are a group')
    await log.getByRole('button', { name: 'Fill in' }).click()
    await until('the form is answered', async () => await log.getByText('(answered)').count() === 2)
    await isShown(t, log.locator('.sending'), 0, 'nothing is still being sent')

    const texts = () => log.getByRole('listitem').allInnerTexts()
    await until('the agent has answered the form', async () => (await log.getByRole('listitem').last().getAttribute('class')) === 'outbound')
    const before = await texts()
    await page.reload()
    await until('all of it is there again', async () => (await texts()).length === before.length)
    t.strictSame(await texts(), before, 'in the same words and the same order, answered or not')
    t.strictSame(complaints, [])
  })

  await t.test('it chooses one of the times that it is offered', async t => {
    const { page, log, complaints } = await openHeadless(t)
    let push = (_body: object) => {}
    await page.routeWebSocket(/\/v1\?/, socket => {
      socket.connectToServer()
      push = body => socket.send(JSON.stringify({ type: 'message', class: 'StructuredMessage', code: 200, body }))
    })
    await page.reload()
    await log.getByText('Hello, I am Robin').waitFor()
    const id = randomUUID()
    const [time, later] = ['2031-05-01T12:00:00.000Z', '2031-05-02T12:00:00.000Z'] as const
    push({
      type: 'Structured',
      direction: 'Outbound',
      id,
      text: 'When?',
      channel: { time: new Date().toISOString(), messageId: id, type: 'Private', from: { nickname: 'Robin' } },
      content: [{ contentType: 'DatePicker', datePicker: { title: 'Tour', availableTimes: [later, time].map(dateTime => ({ dateTime, duration: 3600 })) } }]
    })
    const question = log.getByRole('listitem').filter({ hasText: 'When?' })
    t.strictSame(await question.getByRole('button', { name: '2031-' }).allInnerTexts(), [later, time])
    await question.getByRole('button', { name: time }).click()
    await question.getByText('(answered)').waitFor()
    await isShown(t, question.getByRole('button'), 0, 'chosen once')
    await isShown(t, log.locator('.sending'), 0, 'nothing is still being sent')
    const { conversationId } = (await desk.list()).entities[0]!
    const { body } = await desk.ask<{ messages: { entities: object[] } }>('GET', `/desk/conversations/${conversationId}`)
    const choice = { direction: 'Inbound', content: [{ buttonResponse: { type: 'DatePicker', payload: time } }], metadata: { parentMessageId: id } }
    t.match(body.messages.entities.find(message => 'content' in message && JSON.stringify(message).includes('DatePicker')), choice)
    t.strictSame(complaints, [])
  })

  await t.test('it sends the file of an input, and takes one back', async t => {
    const { page, log, complaints } = await openHeadless(t)
    await log.getByText('Hello, I am Robin').waitFor()
    const input = page.getByLabel('File')
    await input.setInputFiles({ name: 'seal.png', mimeType: 'image/png', buffer: png })
    await page.getByRole('button', { name: 'Remove file' }).click()
    await page.getByText('Ready', { exact: true }).waitFor({ state: 'hidden' })
    await input.setInputFiles({ name: 'seal.exe', mimeType: 'image/png', buffer: png })
    await page.getByRole('status').getByText('The file type is not allowed').waitFor()
    await input.setInputFiles({ name: 'seal.png', mimeType: 'image/png', buffer: png })
    await page.getByRole('button', { name: 'Remove file' }).waitFor()
    await page.getByRole('button', { name: 'Send' }).click()
    const file = log.getByRole('button', { name: 'seal.png' })
    await file.waitFor()
    const download = page.waitForEvent('download')
    await file.click()
    t.equal((await download).suggestedFilename(), 'seal.png')
    t.strictSame(complaints, [])
  })

  await t.test('it pages back through a long conversation, and begins another when the agent has ended it', async t => {
    const { page, log, complaints } = await openHeadless(t)
    await log.getByText('Hello, I am Robin').waitFor()
    await say(page, 'Where are the seals?')
    await until('the script answers', async () => await log.locator('.outbound').count() === 2)
    const { conversationId } = (await desk.list()).entities[0]!
    const name = 'Kim'
    await desk.act(conversationId, 'take', { name })
    for (let index = 0; index < 30; index++) await desk.act(conversationId, 'messages', { name, text: `fact ${index}` })
    await log.getByText('fact 29').waitFor()
    await page.reload()
    await log.getByText('fact 29').waitFor()
    await isShown(t, log.getByText('Where are the seals?'), 0)
    await page.getByRole('button', { name: 'Older messages' }).click()
    await log.getByText('Where are the seals?').waitFor()
    const texts = await log.getByRole('listitem').allInnerTexts()
    t.strictSame(texts.filter(text => text.startsWith('fact')), Array.from({ length: 30 }, (_, index) => `fact ${index}`))
    t.match(texts[0], /^Hello, I am Robin/)
    await page.getByRole('button', { name: 'Older messages' }).waitFor({ state: 'hidden' })

    await desk.act(conversationId, 'typing', { name, on: true })
    await page.getByText('Agent is typing').waitFor()
    await desk.act(conversationId, 'disconnect', { name })
    await page.getByRole('status').getByText('Ended').waitFor()
    await say(page, 'Are you there?')
    await page.getByRole('status').getByText('Conversation session has ended, start a new session to send a message.').waitFor()
    await page.getByRole('button', { name: 'New conversation' }).click()
    await page.getByRole('status').getByText('Connected').waitFor()
    await log.getByText('Hello, I am Robin').waitFor()
    await isShown(t, log.getByText('fact 29'), 0)
    await page.getByRole('button', { name: 'Clear' }).click()
    await page.getByRole('status').getByText('Cleared').waitFor()
    t.strictSame(complaints, [])
  })
}

/** The pages, on a host below that of the brand's page, which a deployment allows with it. */
async function serve (t: Test, lab: Lab): Promise<string> {
  const server = createServer(async ({ url }, response) => {
    const html = await readFile(join(root, 'test', 'fixtures', 'public-pages', basename(url ?? '')), 'utf8').catch(() => undefined)
    response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html' })
    response.end(html?.replace('{{script}}', `${lab.genesys}/genesys-bootstrap/genesys.min.js`).replace('{{deployment}}', stepUp))
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  return `http://shop.${new URL(lab.app).hostname}:${(server.address() as AddressInfo).port}`
}
