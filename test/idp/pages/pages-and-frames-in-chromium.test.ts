import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { deviceCodeGrant } from '../../../services/idp/clients/registered-clients.ts'
import { newContext, startChromium } from '../../helpers/chromium.ts'
import { freePorts } from '../../helpers/lab.ts'
import { postForm, registerShop } from '../provider/helper.ts'
import { startIdp, type Idp } from '../helper.ts'

/** The identity provider where a browser finds it. */
async function startListening (t: Test): Promise<Idp> {
  const { IDP_PORT } = await freePorts()
  const idp = await startIdp(t, { IDP_PORT })
  await idp.app.listen({ host: '127.0.0.1', port: Number(IDP_PORT) })
  return idp
}

/** A tab, with what its console complained about. */
async function openTab (t: Test, browser: NonNullable<Awaited<ReturnType<typeof startChromium>>>) {
  const page = await (await newContext(t, browser)).newPage()
  const complaints: string[] = []
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()) })
  return { page, complaints }
}

async function signIn (page: Page) {
  await page.getByLabel('User name').fill('alice')
  await page.getByLabel('Password').fill('alice-lab')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** A client's own web server: where it is redirected to, and its front channel. */
async function startShop (t: Test, frame: 'answers' | 'hangs') {
  const frames: { url: URL, referer: string | undefined }[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url!, `http://${request.headers.host}`)
    if (url.pathname === '/frontchannel-logout') {
      frames.push({ url, referer: request.headers.referer })
      if (frame === 'hangs') return
    }
    response.setHeader('content-type', 'text/html').end('<title>Shop</title><h1>Shop</h1>')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `http://shop.localhost:${(server.address() as AddressInfo).port}`, frames }
}

const browser = await startChromium(t, 'pages of the device flow and of the front-channel sign-out')
const cookieSettings = ['allowed', 'blocked'] as const
const browsers = await Promise.all(cookieSettings.map(thirdPartyCookies =>
  startChromium(t, `frames with third-party cookies ${thirdPartyCookies}`, { thirdPartyCookies })))

if (browser) {
  t.test('a person connects a device, with nothing but the keyboard', async t => {
    const idp = await startListening(t)
    await registerShop(idp, {
      client_name: 'Television',
      client_secret: undefined,
      token_endpoint_auth_method: 'none',
      redirect_uris: [],
      post_logout_redirect_uris: [],
      grant_types: [deviceCodeGrant]
    }, 'television')
    const asked = (await postForm(idp, '/device/auth', { client_id: 'television', scope: 'openid' })).json()
    const { page, complaints } = await openTab(t, browser)
    await page.goto(asked.verification_uri)
    await page.locator('input[name=user_code]:focus').waitFor()
    await page.keyboard.type('bbbb-bbbb')
    await page.keyboard.press('Enter')
    await page.getByText('There is no such code').waitFor()
    await page.getByLabel('Code').fill(asked.user_code)
    await page.keyboard.press('Enter')
    await page.getByText(asked.user_code).waitFor()
    await page.getByRole('button', { name: 'Sign in and connect' }).press('Enter')
    await signIn(page)
    await page.getByRole('heading', { name: 'Connected' }).waitFor()
    // That an answer was 422 is all that the console has to say.
    t.same(complaints.filter(text => !text.includes('422')), [])
    const tokens = await postForm(idp, '/token', {
      client_id: 'television', grant_type: deviceCodeGrant, device_code: asked.device_code
    })
    t.equal(tokens.statusCode, 200)
  })

  t.test('a person signs in to an application that goes on from its callback to an origin which nobody has named', async t => {
    const idp = await startListening(t)
    const { origin } = await startShop(t, 'answers')
    const callback = createServer((_request, response) => { response.writeHead(303, { location: `${origin}/home` }).end() })
    await once(callback.listen(0, '127.0.0.1'), 'listening')
    t.teardown(() => callback.close().closeAllConnections())
    const shop = await registerShop(idp, {
      redirect_uris: [`http://callback.localhost:${(callback.address() as AddressInfo).port}/callback`], post_logout_redirect_uris: []
    })
    const { page, complaints } = await openTab(t, browser)
    await page.goto(idp.authorizationRequest(shop))
    await signIn(page)
    await page.getByRole('heading', { name: 'Shop' }).waitFor({ timeout: 10_000 })
    t.equal(page.url(), `${origin}/home`)
    t.same(complaints, [])
  })

  t.test('a person shows the second factor, chooses an account later and signs out, on pages in which axe finds nothing', async t => {
    const idp = await startListening(t)
    const { origin } = await startShop(t, 'answers')
    const shop = await registerShop(idp, { redirect_uris: [`${origin}/callback`], post_logout_redirect_uris: [`${origin}/bye`] })
    const { page, complaints } = await openTab(t, browser)
    const check = async (what: string) => {
      const { violations } = await new AxeBuilder({ page }).analyze()
      t.same(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`), [], what)
    }
    await page.goto(idp.authorizationRequest(shop, { acr_values: 'Level3' }))
    await page.locator('input[name=username]:focus').waitFor()
    await page.keyboard.type('mia')
    await page.keyboard.press('Tab')
    await page.keyboard.type('mia-lab')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Enter your code' }).waitFor()
    await check('the code')
    const code = page.locator('input[name=one_time_password]:focus')
    await code.waitFor()
    await page.keyboard.type('000 000')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await check('the code, refused')
    await code.waitFor()
    await page.keyboard.type((await page.getByRole('button', { name: 'Continue with' }).innerText()).match(/\d{6}/)![0])
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Shop' }).waitFor()
    const { id_token: hint } = (await idp.redeem(shop, new URL(page.url()).searchParams.get('code')!)).json()

    await page.goto(idp.authorizationRequest(shop, { prompt: 'select_account' }))
    await check('the choice of an account')
    await page.getByRole('button', { name: 'Continue as Mia Moreau' }).click()
    await page.getByRole('heading', { name: 'Shop' }).waitFor()

    // From a form of another site: what a Lax cookie does not come along with.
    await page.setContent(`<form method="post" action="${idp.issuer}/session/end"><input name="id_token_hint" value="${hint}">
      <input name="post_logout_redirect_uri" value="${origin}/bye"><button>Leave</button></form>`)
    await page.getByRole('button', { name: 'Leave' }).click()
    await page.waitForURL(`${origin}/bye`)
    await page.goto(idp.authorizationRequest(shop))
    await page.getByLabel('Password').waitFor()
    t.same(complaints.filter(text => !text.includes('422')), [])
  })

  for (const frame of ['answers', 'hangs'] as const) {
    t.test(`a person is signed out of an application in a frame that ${frame}, and gets back`, async t => {
      const idp = await startListening(t)
      const shop = await startShop(t, frame)
      const client = await registerShop(idp, {
        redirect_uris: [`${shop.origin}/callback`],
        post_logout_redirect_uris: [`${shop.origin}/`],
        frontchannel_logout_uri: `${shop.origin}/frontchannel-logout`,
        frontchannel_logout_session_required: true
      })
      const { page, complaints } = await openTab(t, browser)
      await page.goto(idp.authorizationRequest(client))
      await signIn(page)
      await page.waitForURL(`${shop.origin}/callback**`)
      const parameters = { client_id: 'shop', post_logout_redirect_uri: `${shop.origin}/`, state: 'x' }
      await page.goto(`${idp.config.issuer}/session/end?${new URLSearchParams(parameters)}`)
      const opened = page.waitForRequest(/frontchannel-logout/)
      await page.getByRole('button', { name: 'Sign out' }).click({ noWaitAfter: true })
      await opened
      // A page is complete when its frames are, so a frame that hangs is for the person to leave.
      if (frame === 'hangs') await page.getByRole('link', { name: 'Back to Shop' }).click()
      await page.waitForURL(`${shop.origin}/?state=x`)
      t.match(shop.frames, [{ url: { search: /^\?iss=http.*&sid=/ } }])
      t.equal(shop.frames.length, 1)
      t.same(complaints, [])
    })
  }
}

/** The identity provider and a client, each where a browser finds it, with what the client was asked. */
async function startBoth (t: Test, { address = '127.0.0.1', host = 'shop.localhost' } = {}) {
  const idp = await startListening(t)
  const asked: { url: URL, destination: string | string[] | undefined }[] = []
  const server = createServer((request, response) => {
    asked.push({ url: new URL(request.url!, `http://${request.headers.host}`), destination: request.headers['sec-fetch-dest'] })
    response.setHeader('content-type', 'text/html').end('<title>Shop</title><h1>Shop</h1>')
  }).listen(0, address)
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://${host}:${(server.address() as AddressInfo).port}`
  const client = await registerShop(idp, { redirect_uris: [`${origin}/callback`], post_logout_redirect_uris: [] })
  return { idp, client, origin, asked }
}

/** Show a URL in a hidden frame of the page, and wait until it is there or the browser has refused it. */
const showInFrame = (page: Page, url: string) => page.locator('body').evaluate((body, url) => new Promise<void>(resolve => {
  const frame = body.ownerDocument.createElement('iframe')
  frame.hidden = true
  frame.addEventListener('load', () => resolve())
  frame.src = url
  body.append(frame)
}), url)

async function signInByClick (page: Page, request: string) {
  await page.goto(request)
  await page.getByRole('button', { name: 'Sign in as Alice Anders' }).click()
  await page.getByRole('heading', { name: 'Shop' }).waitFor()
}

if (browser) {
  t.test('an application has a person sign in in a window of its own, and is told by it', async t => {
    const { idp, client, origin } = await startBoth(t)
    const page = await (await newContext(t, browser)).newPage()
    await page.goto(`${origin}/`)
    const opened = page.waitForEvent('popup')
    await page.evaluate(`addEventListener('message', ({ data }) => { document.title = data }); open(${
      JSON.stringify(idp.authorizationRequest(client, { display: 'popup' }))}, '_blank', 'width=500,height=600'); 0`)
    const popup = await opened
    await signIn(popup)
    await popup.waitForURL(`${origin}/callback**`)
    await popup.evaluate('opener.postMessage("signed in, with " + [...new URLSearchParams(location.search).keys()][0], "*")')
    await page.waitForFunction('document.title.startsWith("signed in")')
    t.equal(await page.title(), 'signed in, with code')
  })

  t.test('an application of another site posts its request, and who is signed in is known', async t => {
    const { idp, client, origin } = await startBoth(t)
    const page = await (await newContext(t, browser)).newPage()
    await signInByClick(page, idp.authorizationRequest(client))
    const { origin: provider, pathname, searchParams } = new URL(idp.authorizationRequest(client, { prompt: 'none' }))
    await page.goto(`${origin}/`)
    await page.evaluate(`
      const form = document.body.appendChild(document.createElement('form'))
      Object.assign(form, { method: 'post', action: ${JSON.stringify(provider + pathname)} })
      for (const [name, value] of ${JSON.stringify([...searchParams])}) {
        form.append(Object.assign(document.createElement('input'), { name, value }))
      }
      form.submit()`)
    await page.waitForURL(`${origin}/callback**`)
    t.match(page.url(), '/callback?code=')
  })

  t.test('a person gets back to an application that listens on loopback by IPv6', async t => {
    const { idp, client, origin } = await startBoth(t, { address: '::1', host: '[::1]' })
    const { page, complaints } = await openTab(t, browser)
    await page.goto(idp.authorizationRequest(client))
    await signIn(page)
    await page.waitForURL(`${origin}/callback**`)
    t.same(complaints, [])
  })
}

for (const [index, thirdPartyCookies] of cookieSettings.entries()) {
  const answer = thirdPartyCookies === 'allowed' ? 'code' : 'login_required'
  const chromium = browsers[index]
  if (!chromium) continue

  t.test(`a hidden frame of another site gets ${answer} where Chromium has third-party cookies ${thirdPartyCookies}`, async t => {
    const { idp, client, origin, asked } = await startBoth(t)
    const page = await (await newContext(t, chromium)).newPage()
    await signInByClick(page, idp.authorizationRequest(client))
    await page.goto(`${origin}/`)
    await showInFrame(page, idp.authorizationRequest(client, { prompt: 'none' }))

    const { url, destination } = asked.at(-1)!
    t.equal(destination, 'iframe')
    t.equal(url.searchParams.get('error') ?? (url.searchParams.has('code') ? 'code' : 'neither'), answer)
    t.equal(page.url(), `${origin}/`, 'the page has not left')

    // At top level the browser is known in any case.
    await page.goto(idp.authorizationRequest(client, { prompt: 'none' }))
    t.match(page.url(), `${origin}/callback?code=`)
  })

  t.test(`no page of the provider shows in a frame where Chromium has third-party cookies ${thirdPartyCookies}`, async t => {
    const { idp, client, origin } = await startBoth(t)
    const page = await (await newContext(t, chromium)).newPage()
    await page.goto(`${origin}/`)
    const refused = page.waitForEvent('console', message => message.text().includes('frame-ancestors'))
    await showInFrame(page, idp.authorizationRequest(client))
    await refused
    t.equal(await page.frames()[1]!.locator('#password').count(), 0)
  })
}
