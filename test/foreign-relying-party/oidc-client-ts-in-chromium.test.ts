// https://github.com/authts/oidc-client-ts: an application that is a page alone, a public client.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { FaultInCatalogue } from '../../services/idp/control-api/fault-routes.ts'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { freePorts } from '../helpers/lab.ts'
import { startIdp } from '../idp/helper.ts'
import { countSignOuts, inThisProcess, startApplication, type Application } from './application.ts'
import { isExamined } from './examined.ts'
import { optionsOf, unaskedFor } from './trial.ts'

const meets: FaultInCatalogue['group'][] = ['discovery', 'authorization-response', 'token-endpoint', 'id-token', 'userinfo']

const trust = 'it trusts the connection to the token endpoint, and reads no claim of an ID token but sub'

/** The faults with which the library does otherwise than the catalogue says, and why. */
const otherwise: Record<string, string> = {
  ...unaskedFor,
  'discovery-issuer-mismatch': 'it does not compare issuers',
  'discovery-missing-field': 'it needs no jwks_uri, since it checks no signature',
  'authorization-response-invalid-iss': 'it does not know RFC 9207',
  'authorization-response-missing-iss': 'it does not know RFC 9207',
  'token-endpoint-timeout': 'the browser asks again when a connection is closed without an answer',
  'id-token-invalid-iss': trust,
  'id-token-invalid-aud': trust,
  'id-token-missing-aud': trust,
  'id-token-additional-aud': trust,
  'id-token-invalid-azp': trust,
  'id-token-invalid-nonce': trust,
  'id-token-missing-nonce': trust,
  'id-token-missing-iat': trust,
  'id-token-expired': trust,
  'id-token-not-yet-valid': trust,
  'id-token-alg-none': trust,
  'id-token-invalid-signature': trust,
  'id-token-invalid-signature-es256': trust,
  'id-token-invalid-signature-hs256': trust,
  'id-token-hs256-with-public-key': trust,
  'id-token-wrong-key': trust,
  'id-token-unknown-kid': trust,
  'id-token-no-kid-several-keys': trust
}

const pathOf = (name: string) => createRequire(import.meta.url).resolve(name)
const scripts: Record<string, string> = {
  '/oidc-client-ts.js': await readFile(join(pathOf('oidc-client-ts'), '../../browser/oidc-client-ts.min.js'), 'utf8'),
  '/page.js': await readFile(join(import.meta.dirname, 'oidc-client-ts-page.js'), 'utf8')
}

/** A server that has nothing but the page and its scripts. */
const host = inThisProcess(t, ({ issuer, clientId, username }) => ({ url }, response) => {
  const script = scripts[url!]
  response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
  response.end(script ?? `<!doctype html><title>Application</title>
    <body data-issuer="${issuer}" data-client-id="${clientId}" data-username="${username}"><output></output>
    <script src="/oidc-client-ts.js"></script><script src="/page.js"></script>`)
})

const { IDP_PORT } = await freePorts()
const idp = await startIdp(t, { IDP_PORT })
await idp.app.listen({ host: '127.0.0.1', port: Number(IDP_PORT) })
const catalogue = await idp.lab.faults.catalogue()
const browser = await startChromium(t, 'oidc-client-ts')
const browserForFrames = await startChromium(t, 'oidc-client-ts in frames', { thirdPartyCookies: 'allowed' })

const start = async (t: Test, realm: string) => {
  const application = await startApplication(t, idp, host, realm, {
    callbackPath: '/callback', metadata: { token_endpoint_auth_method: 'none' }
  })
  const { lab, clientId, origin } = application
  await lab.clients.patch(clientId, { redirect_uris: ['/callback', '/popup', '/frame'].map(path => `${origin}${path}`) })
  return application
}

interface Session { signedIn: boolean, profile?: { sub: string, name: string }, accessToken?: string, error?: string }

/** What the page knows, when it is done with whatever it is doing. */
async function sessionIn (page: Page): Promise<Session> {
  const output = page.locator('output', { hasText: '{' })
  return JSON.parse(await output.innerText())
}

async function press (page: Page, name: string): Promise<Session> {
  await page.getByRole('button', { name, exact: true }).click()
  return sessionIn(page)
}

async function signIn (context: BrowserContext, { origin }: Application): Promise<Page> {
  const page = await context.newPage()
  const seen: string[] = []
  page.on('request', request => seen.push(`asks for ${request.url()}`))
  page.on('response', response => seen.push(`${response.status()} from ${response.url()}`))
  page.on('requestfailed', request => seen.push(`${request.failure()?.errorText} from ${request.url()}`))
  try {
    // The page leaves while it loads.
    await page.goto(`${origin}/login`, { waitUntil: 'commit' })
    // There and back, or it says at once what keeps it.
    await Promise.race([page.waitForURL(url => url.pathname === '/callback', { waitUntil: 'commit' }), sessionIn(page)])
  } catch (error) {
    throw new Error(`the page did not come back: ${seen.join(', ')}`, { cause: error })
  }
  return page
}

const accepts = ({ name, outcome }: FaultInCatalogue) => (outcome === 'succeed') !== name in otherwise

if (browser) {
  t.test('oidc-client-ts 3.5.0: a person signs in by a redirect, refreshes, has tokens revoked, and signs out', async t => {
    const application = await start(t, 'redirect')
    const { origin, lab, issuer } = application
    const page = await (await newContext(t, browser)).newPage()
    await page.goto(origin)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL(`${origin}/callback?**`)
    const { profile, accessToken } = await sessionIn(page)
    t.match(profile, { name: 'Ada Lovelace' })

    const refreshed = await press(page, 'Refresh')
    t.match(refreshed, { signedIn: true, error: undefined })
    t.not(refreshed.accessToken, accessToken)

    t.match(await press(page, 'Revoke tokens'), { error: undefined })
    const { status } = await fetch(`http://127.0.0.1:${IDP_PORT}${new URL(issuer).pathname}/me`, {
      headers: { host: new URL(issuer).host, authorization: `Bearer ${refreshed.accessToken}` }
    })
    t.equal(status, 401, 'revoked')

    await page.getByRole('button', { name: 'Sign out' }).click()
    const confirm = page.getByRole('button', { name: 'Sign out' })
    await page.waitForURL(url => url.href.startsWith(issuer) || url.pathname === '/')
    if (page.url().startsWith(issuer)) await confirm.click()
    await page.waitForURL(`${origin}/?state=**`)
    t.match(await sessionIn(page), { signedIn: false })
    t.equal(await countSignOuts(lab), 1)
  })
}

if (browserForFrames) {
  t.test('oidc-client-ts 3.5.0: a person signs in by a popup, and a frame tells when they have signed out there', async t => {
    const { origin, issuer } = await start(t, 'popup')
    const context = await newContext(t, browserForFrames)
    const page = await context.newPage()
    await page.goto(origin)
    const closed = context.waitForEvent('page').then(popup => popup.waitForEvent('close'))
    t.match(await press(page, 'Sign in in a popup'), { signedIn: true, profile: { name: 'Ada Lovelace' }, error: undefined })
    await closed

    t.match(await press(page, 'Ask in a frame'), { signedIn: true, error: undefined })
    const there = await context.newPage()
    await there.goto(`${issuer}/session/end`)
    await there.getByRole('button', { name: 'Sign out' }).click()
    await there.waitForURL('**/session/end/success')
    t.match(await press(page, 'Ask in a frame'), { error: 'login_required' })
  })
}

if (browser) {
  t.test('oidc-client-ts 3.5.0: every exception is about a fault that it meets', async t => {
    const names = catalogue.filter(({ group }) => meets.includes(group)).map(({ name }) => name)
    t.same(Object.keys(otherwise).filter(name => !names.includes(name)), [])
  })

  for (const group of meets) {
    t.test(`oidc-client-ts 3.5.0, at the sign-in, ${group}`, async t => {
      for (const fault of catalogue.filter(fault => fault.group === group)) {
        const { name, title } = fault
        const reason = otherwise[name] === undefined ? '' : `, against the catalogue: ${otherwise[name]}`
        await t.test(`${title} (${name}) is ${accepts(fault) ? 'accepted' : 'refused'}${reason}`, async t => {
          const application = await start(t, name)
          await application.lab.faults.switchOn(name, optionsOf(name))
          const context = await newContext(t, browser)
          const page = await signIn(context, application)
          t.equal((await sessionIn(page)).signedIn, accepts(fault))
          t.ok((await application.lab.ledger.query({ fault: name })).count > 0, 'the ledger has the exchange')
          t.same(await application.lab.faults.active(), [], 'the fault is over')
          t.equal((await sessionIn(await signIn(context, application))).signedIn, true, 'the next sign-in is good')
          await isExamined(t, application, fault, accepts(fault))
        })
      }
    })
  }
}
