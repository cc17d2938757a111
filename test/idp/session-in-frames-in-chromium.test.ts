import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { freePorts } from '../helpers/lab.ts'
import { startIdp, type Idp } from './helper.ts'
import { registerShop } from './features/helper.ts'

/** The identity provider and a client, each where a browser finds it, with what the client was asked. */
async function startBoth (t: Test) {
  const { IDP_PORT } = await freePorts()
  const idp = await startIdp(t, { IDP_PORT })
  await idp.app.listen({ host: '127.0.0.1', port: Number(IDP_PORT) })

  const asked: { url: URL, destination: string | string[] | undefined }[] = []
  const server = createServer((request, response) => {
    asked.push({ url: new URL(request.url!, `http://${request.headers.host}`), destination: request.headers['sec-fetch-dest'] })
    response.setHeader('content-type', 'text/html').end('<title>Shop</title><h1>Shop</h1>')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://shop.localhost:${(server.address() as AddressInfo).port}`
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

async function signIn (page: Page, idp: Idp, request: string) {
  await page.goto(request)
  await page.getByRole('button', { name: 'Sign in as Alice Anders' }).click()
  await page.getByRole('heading', { name: 'Shop' }).waitFor()
}

for (const thirdPartyCookies of ['allowed', 'blocked'] as const) {
  const answer = thirdPartyCookies === 'allowed' ? 'code' : 'login_required'
  const chromium = await startChromium(t, `frames with third-party cookies ${thirdPartyCookies}`, { thirdPartyCookies })
  if (!chromium) continue

  t.test(`a hidden frame of another site gets ${answer} where Chromium has third-party cookies ${thirdPartyCookies}`, async t => {
    const { idp, client, origin, asked } = await startBoth(t)
    const page = await (await newContext(t, chromium)).newPage()
    await signIn(page, idp, idp.authorizationRequest(client))
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
