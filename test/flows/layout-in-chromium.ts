import { randomUUID } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dump, load } from 'js-yaml'
import type { Page } from 'playwright-core'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import type { User } from '../../services/idp/accounts/users.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { Desk } from '../helpers/desk.ts'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { connect } from '../helpers/guest.ts'
import { root, type Lab } from '../helpers/lab.ts'
import { fits, longWord, screens } from '../helpers/layout.ts'
import { attach, openChat, openPage, png, said, showMessenger, write } from '../helpers/messenger-window.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const anonymousDeploymentId = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'

/** A phone with its keyboard up, and a desk's screen at 200 %. */
const lowScreens = [{ width: 360, height: 500 }, { width: 640, height: 400 }]
const everyScreen = [...screens, ...lowScreens]

/** That everything has its place on every screen, whatever people, files and other services are called. */
export async function layoutInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'whether everything has its place on the screen, in Chromium')
  if (!chromium) return
  const desk = new Desk(lab.genesys)
  const idp = createControlApiClient(lab.issuer)

  await t.test('every test user has their place on the host page and in the window', async t => {
    const people = lab.users.filter(({ disabled }) => !disabled)
    for (const user of people) {
      const page = await (await newContext(t, chromium, { locale: 'en-GB' })).newPage()
      await signIn(page, lab, user)
      await fits(t, page, `host page of ${user.username}`)
      await showMessenger(page)
      await page.getByRole('log').getByText(/^Hello .*Robin/).waitFor()
      await page.getByRole('dialog', { name: 'Messenger' }).getByText(`Signed in as ${String(user.claims['name'])}`).waitFor()
      await fits(t, page, `the window of ${user.username}`)
      await page.context().close()
    }
  })

  await t.test('the open window covers no notice of the page', async t => {
    const { page } = await openChat(t, chromium, lab)
    await page.route(`${lab.app}/session`, route => route.fulfill({ json: { authenticated: false, ended: { reason: 'signed_out_at_provider' } } }))
    await page.reload()
    await page.getByRole('dialog', { name: 'Messenger' }).waitFor()
    const notice = page.getByRole('region', { name: 'Signed out' })
    for (const size of everyScreen) {
      await fits(t, page, 'the notice', [size])
      for (const button of [notice.getByRole('link'), notice.getByRole('button')]) await button.click({ trial: true })
    }
    await page.setViewportSize(screens[0]!)
    await notice.getByRole('button', { name: 'Dismiss' }).click()
    await page.getByRole('button', { name: 'Minimize chat' }).click()
  })

  await t.test('every page has a title, one main part and a favicon, and so has every service', async t => {
    const { page } = await openPage(t, chromium)
    const look = async (address: string, size = screens[2]!) => {
      await page.setViewportSize(size)
      await page.goto(address)
      t.not(await page.title(), '', address)
      t.equal(await page.getByRole('main').count(), 1, `one main part at ${address}, ${size.width} wide`)
      const icon = await page.locator('link[rel=icon]').evaluate(link => link.href)
      t.equal((await fetch(icon)).headers.get('content-type'), 'image/svg+xml', `the favicon of ${address}`)
    }
    for (const address of [
      lab.app, `${lab.app}/signed-in.html`, `${lab.app}/callback?error=access_denied&state=x`, `${lab.app}/login`,
      lab.issuer, `${lab.issuer}/device`, `${lab.issuer}/session/end`, `${lab.issuer}/auth`
    ]) await look(address)
    for (const size of screens) await look(`${lab.genesys}/desk`, size)
    for (const service of [lab.app, lab.issuer, lab.genesys]) {
      t.equal((await fetch(`${service}/favicon.ico`)).headers.get('content-type'), 'image/svg+xml', `whatever asks ${service} for one`)
    }
    await page.goto(`${lab.app}/signed-in.html`)
    await page.evaluate(`location.assign('${lab.genesys}')`)
    await page.waitForURL(`${lab.genesys}/desk`)
  })

  await t.test('words without an end have their place in the window', async t => {
    const { page, messenger, log, push } = await openChat(t, chromium, lab)
    await fits(t, page, 'the greeting', everyScreen)
    const file = { id: 'f', url: `${lab.genesys}/nothing`, filename: `${longWord}.pdf`, fileSize: 1, mediaType: 'File', mime: 'application/pdf' }
    await push(said({ text: longWord, content: [{ contentType: 'Attachment', attachment: file }] }))
    await push(said({ text: `https://example.org/${longWord}` }))
    const card = {
      title: longWord,
      description: longWord,
      actions: [{ type: 'Postback', text: longWord, payload: 'x' }, { type: 'Link', text: longWord, url: 'https://example.org' }]
    }
    await push(said({ type: 'Structured', text: longWord, content: [{ contentType: 'Card', card }] }))
    await push(said({ type: 'Structured', text: longWord, content: [{ contentType: 'Carousel', carousel: { cards: [card, card, card] } }] }))
    const picker = { title: longWord, subtitle: longWord, availableTimes: [1, 2, 3].map(hour => ({ dateTime: new Date(2030, 0, 1, hour).toISOString(), duration: 60 })) }
    await push(said({ type: 'Structured', text: longWord, content: [{ contentType: 'DatePicker', datePicker: picker }] }))
    const replies = [longWord, 'Yes', `${longWord} ${longWord}`].map(text => ({ contentType: 'QuickReply', quickReply: { text, payload: 'y', action: 'Message' } }))
    const from = { nickname: `${longWord} ${longWord}` }
    const channel = { time: new Date().toISOString(), messageId: 'from-somebody', type: 'Private', from }
    await push(said({ type: 'Structured', text: 'Choose', channel, content: replies }))
    await attach(page, { name: `${longWord}.png`, mimeType: 'image/png', buffer: png }, { name: `${longWord}.exe`, mimeType: 'application/x', buffer: png })
    await messenger.getByRole('list', { name: 'Files to send' }).locator('[aria-busy=false]').first().waitFor()
    await messenger.getByRole('textbox', { name: 'Message' }).fill(`${longWord} ${longWord}\n`.repeat(5))
    await log.getByRole('button', { name: longWord }).first().waitFor()
    await fits(t, page, 'the end of the conversation', everyScreen)
    for (const top of [0, 300, 600, 900]) {
      await messenger.getByRole('region', { name: 'Messages' }).evaluate((region, top) => { region.scrollTop = top }, top)
      await fits(t, page, `${top} px down the conversation`)
    }
    await messenger.getByRole('button', { name: 'More options' }).click()
    await fits(t, page, 'the menu', everyScreen)
    await messenger.getByRole('button', { name: 'Clear conversation' }).click()
    await fits(t, page, 'the question', everyScreen)
  })

  await t.test('words without an end have their place in a brand, its lists and its forms', async t => {
    const lab = await startEmbeddedLab(t, { BRAND: brandOfLongWords(temporaryFolder(t)) })
    const { page, messenger, log } = await openChat(t, chromium, lab)
    await fits(t, page, 'the window', everyScreen)
    for (const word of ['recommend', 'group']) {
      await write(page, word)
      await log.getByRole('button').last().click()
      const sheet = messenger.getByRole('dialog')
      await sheet.waitFor()
      for (let number = 1; await sheet.isVisible(); number++) {
        await fits(t, page, `${word}, page ${number}`, everyScreen)
        for (const field of await sheet.getByRole('textbox').all()) await field.fill(longWord)
        await sheet.getByRole('checkbox').or(sheet.getByRole('radio')).first().check({ timeout: 500 }).catch(() => {})
        await sheet.locator('[type=submit]').click()
      }
      await fits(t, page, `${word}, answered`, everyScreen)
    }
    await messenger.getByRole('button', { name: 'Minimize chat' }).click()
    await fits(t, page, 'the page', everyScreen)
    await page.evaluate('document.documentElement.style.fontSize = "200%"')
    await fits(t, page, 'the page, in letters of twice the size', [screens[1]!, screens[2]!])
  })

  await t.test('words without an end have their place at the desk', async t => {
    const { page } = await openPage(t, chromium)
    const guest = await connect(lab.genesys, { deploymentId: anonymousDeploymentId, origin: lab.app })
    t.teardown(() => guest.close())
    const customer = randomUUID()
    await guest.request('configureSession', {
      deploymentId: anonymousDeploymentId, journeyContext: { customer: { id: customer, idType: 'cookie' } }
    })
    await seePage(lab, customer)
    await guest.request('onMessage', {
      message: { type: 'Text', text: longWord, channel: { metadata: { customAttributes: { [longWord]: longWord } } } }
    })
    await page.goto(`${lab.genesys}/desk`)
    await page.getByRole('list').getByRole('button').first().waitFor()
    await fits(t, page, 'the list', everyScreen)
    const { entities } = await desk.list('?pageSize=100')
    const hubert = entities.find(({ guest }) => guest.name?.startsWith('Hubert'))!
    await page.getByRole('textbox', { name: 'Your name' }).fill(longWord.slice(0, 60))
    await page.keyboard.press('Tab')
    await page.goto(`${lab.genesys}/desk#${hubert.conversationId}`)
    await page.getByRole('button', { name: 'Take conversation' }).click()
    await fits(t, page, 'a conversation', everyScreen)
    await desk.act(hubert.conversationId, 'messages', { name: longWord.slice(0, 60), text: longWord, quickReplies: [{ text: longWord.slice(0, 80) }, { text: 'Yes' }] })
    await desk.ask('POST', `/desk/conversations/${hubert.conversationId}/attachments?${new URLSearchParams({ name: longWord.slice(0, 60), fileName: `${longWord}.txt` })}`,
      { body: Buffer.from('text'), headers: { 'content-type': 'text/plain' } })
    await page.getByRole('log').getByText(`${longWord}.txt`).waitFor()
    await page.getByRole('textbox', { name: 'Reply' }).fill(`${longWord} ${longWord}\n`.repeat(5))
    await page.getByRole('button', { name: 'Quick replies' }).click()
    await page.getByLabel('Button text').fill(longWord.slice(0, 80))
    await page.keyboard.press('Enter')
    const fitsWithoutScrolling = async (what: string) => {
      for (const size of everyScreen) {
        await fits(t, page, what, [size])
        t.ok(await page.evaluate('document.documentElement.scrollHeight <= innerHeight'), `${what}: nothing is below the screen, ${size.width} × ${size.height}`)
      }
    }
    await fitsWithoutScrolling('a long conversation')
    const belowTheEnd = await page.getByRole('region', { name: 'Messages' }).evaluate(async messages => {
      const frame = () => new Promise(resolve => messages.ownerDocument.defaultView.requestAnimationFrame(resolve))
      messages.scrollTop = messages.scrollHeight
      await frame()
      await frame()
      // As when a picture arrives between what has scrolled and the word of it.
      const { lastElementChild } = messages.querySelector('[role=log]')
      lastElementChild.style.paddingBottom = '400px'
      messages.dispatchEvent(new messages.ownerDocument.defaultView.Event('scroll'))
      await frame()
      await frame()
      const below = messages.scrollHeight - messages.scrollTop - messages.clientHeight
      lastElementChild.style.paddingBottom = ''
      return below
    })
    t.ok(belowTheEnd < 2, 'who reads the end goes on reading it where something grows meanwhile')
    await page.route(`${lab.genesys}/desk/ready-messages`, route => route.fulfill({
      json: ['ListPicker', 'Form'].map(kind => ({ id: kind, kind, label: `${longWord} ${longWord}` }))
    }))
    await page.getByRole('button', { name: 'Lists and forms' }).click()
    const editor = page.getByRole('group', { name: 'Lists and forms' })
    await editor.getByRole('button', { name: `Form: ${longWord}` }).waitFor()
    await editor.getByLabel('Question').fill(longWord)
    await editor.getByLabel('Options').fill(`${longWord} ${longWord}\n`.repeat(3))
    for (const { width, height } of everyScreen) {
      await page.setViewportSize({ width, height })
      const shown = (await page.getByRole('region', { name: 'Messages' }).boundingBox())!
      t.ok(Math.ceil(shown.height) >= Math.min(120, Math.floor(height / 5)), `${shown.height} px of the conversation show beside it, ${width} × ${height}`)
    }
    for (const end of ['the beginning', 'the end']) {
      await editor.evaluate((editor, top) => { editor.scrollTop = top }, end === 'the end' ? 1_000 : 0)
      await fitsWithoutScrolling(`${end} of the lists and forms`)
    }
    await page.setViewportSize({ width: 390, height: 844 })
    await page.getByRole('button', { name: 'Guest details' }).click()
    await fits(t, page, 'the guest', everyScreen)
    await page.goto(`${lab.genesys}/desk#${entities.find(({ verified }) => verified === null)!.conversationId}`)
    await page.setViewportSize(screens[2]!)
    await page.getByRole('heading', { name: 'Custom attributes' }).waitFor()
    await page.getByRole('region', { name: 'Where they have been' }).getByRole('listitem').first().waitFor()
    await fits(t, page, 'what a page says of its guest', everyScreen)
    for (const size of everyScreen) {
      await page.setViewportSize(size)
      const details = page.getByRole('button', { name: 'Guest details' })
      if (!await details.isVisible()) continue
      await details.click()
      await fits(t, page, 'the guest', [size])
      await page.getByRole('region', { name: 'Where they have been' }).evaluate(journey => journey.scrollIntoView())
      await fits(t, page, 'where the guest has been', [size])
      await page.keyboard.press('Escape')
    }
  })

  await t.test('words without an end have their place on the identity provider\'s pages', async t => {
    const username = longWord.toLowerCase().normalize('NFD').replaceAll(/[^a-z]/g, '').slice(0, 60)
    const [clientId, redirectUri] = ['television', `https://shop.example/${longWord}`]
    const { issuer } = await idp.realms.put(username, {
      users: [{
        username,
        password: longWord,
        about: longWord,
        acr: 'Level1',
        second_factor: { totp_secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', acr: 'Level3' },
        claims: { name: `${longWord} ${longWord}`, email: `${username}@example.org`, address: { formatted: longWord } }
      }],
      clients: [{
        client_id: clientId,
        client_name: longWord,
        client_uri: `https://shop.example/${longWord}`,
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
        scope: 'openid profile email address'
      }]
    })
    t.teardown(() => idp.realms.remove(username))
    const { page } = await openPage(t, chromium)
    const requestOf = (parameters: Record<string, string>) => `${issuer}/auth?${new URLSearchParams({
      client_id: clientId,
redirect_uri: redirectUri,
response_type: 'code',
scope: 'openid profile email address',
state: 's',
      nonce: 'n',
code_challenge: 'c'.repeat(43),
code_challenge_method: 'S256',
...parameters
    })}`
    const look = async (what: string) => {
      await page.evaluate('document.documentElement.style.fontSize = "200%"')
      await fits(t, page, `${what}, in letters of twice the size`, [screens[1]!, screens[2]!])
      await page.evaluate('document.documentElement.style.fontSize = ""')
      await fits(t, page, what, everyScreen)
    }

    await page.goto(issuer)
    await look('home')
    await page.goto(requestOf({}))
    await page.getByLabel('Password').fill('wrong')
    await page.getByLabel('User name').fill(longWord)
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await look('sign-in')
    await page.getByRole('button', { name: 'Sign in as' }).click()
    await page.getByRole('button', { name: 'Allow', exact: true }).waitFor()
    await look('consent')
    await page.goto(requestOf({ prompt: 'select_account' }))
    await look('the choice of an account')
    await page.goto(requestOf({ acr_values: 'Level3' }))
    await page.getByText('Enter your code').waitFor()
    await look('the second factor')
    await page.goto(requestOf({ redirect_uri: `${redirectUri}/${longWord}` }))
    await page.getByText('What differs').waitFor()
    await look('an error of the redirect URI')
    await page.goto(requestOf({ client_id: longWord, response_type: longWord }))
    await look('an error')
    const body = new URLSearchParams({ client_id: clientId, scope: 'openid' })
    const asked = await (await fetch(`${issuer}/device/auth`, { method: 'POST', body })).json() as { verification_uri_complete: string }
    await page.goto(asked.verification_uri_complete)
    await look('a device')
    await page.goto(`${issuer}/session/end`)
    await look('sign-out')

    await page.goto(`${lab.app}/callback?${new URLSearchParams({ error: longWord, error_description: longWord, state: 'x', iss: longWord })}`)
    await look('a problem at the relying party')
    await page.goto(`${lab.app}/`)
    await look('the host page')
  })
}

/** Have a visitor look at a page of one long word, and fill in a form there. */
async function seePage (lab: Lab, customerCookieId: string) {
  const { status } = await fetch(`${lab.genesys}/api/v2/journey/deployments/${anonymousDeploymentId}/webevents`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: new URL(lab.app).origin },
    body: JSON.stringify({
      customerCookieId,
      eventName: 'page_viewed',
      page: { url: `${lab.app}/${longWord}?${longWord}=${longWord}#${longWord}`, title: longWord },
      attributes: { [longWord]: longWord },
      traits: { givenName: longWord, email: `${longWord}@example.org` },
      createdDate: new Date().toISOString()
    })
  })
  if (status !== 200) throw new Error(`the page view was answered with ${status}`)
}

/** A brand that calls everything by one long word, as far as there is room in its file. */
function brandOfLongWords (folder: string): string {
  cpSync(join(root, 'services', 'brands', 'kayaks'), folder, { recursive: true })
  const file = join(folder, 'brand.yaml')
  const labels = ['name', 'title', 'heading', 'subtitle', 'tagline', 'eyebrow', 'button', 'begin', 'price', 'lead', 'details', 'footer']
  const brand = load(readFileSync(file, 'utf8'))
  const stretch = (value: unknown, key = ''): unknown => {
    if (Array.isArray(value)) return value.map(each => stretch(each, labels.includes(key) ? key : ''))
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, value]) => [key, stretch(value, key)]))
    return labels.includes(key) && typeof value === 'string' ? `${value.slice(0, 9)}${longWord}`.slice(0, 40) : value
  }
  writeFileSync(file, dump({ ...stretch(brand) as object, agent: { name: 'Robin' } }))
  return file
}

/** Sign in at the host page, and let it have what it asks for. */
async function signIn (page: Page, lab: Lab, { username, claims: { name } }: User) {
  await page.goto(`${lab.app}/login`)
  await page.getByRole('button', { name: `Sign in as ${String(name)}` }).click()
  // Who is always asked is asked by the chat too, which has a code of its own.
  for (const client of username === 'carol' ? ['Saltmarsh Kayaks', 'Saltmarsh Kayaks chat'] : []) {
    await page.getByRole('heading', { name: `Allow ${client}?` }).waitFor()
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
  }
  await page.getByRole('banner').getByText(String(name), { exact: true }).waitFor()
}
