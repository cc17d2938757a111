import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser } from '../helpers/browser.ts'
import { startChromium } from '../helpers/chromium.ts'
import { ConsoleApi } from '../helpers/console.ts'
import type { Lab } from '../helpers/lab.ts'

/** What the console shows of an application that is not the lab's, and of which it sees what reaches the provider alone. */
export async function liveViewOfAnotherApplicationInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'the live view of another application')
  if (!chromium) return
  const idp = createControlApiClient(lab.issuer)
  const live = new ConsoleApi(lab)
  const { username, password } = lab.user('alice')
  const client = { id: `another-application-of-${username}`, secret: 'lab-only-secret-of-another-application', redirectUri: 'http://another.localhost/callback' }
  await idp.clients.put(client.id, {
    client_name: 'Another application',
    client_uri: 'http://another.localhost',
    client_secret: client.secret,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'],
    redirect_uris: [client.redirectUri],
    scope: 'openid',
    first_party: true,
    // It knows no PKCE.
    permissive: true
  })
  t.teardown(() => idp.clients.remove(client.id))

  async function redeem (code: string): Promise<{ access_token: string }> {
    const answer = await fetch(`${lab.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: client.redirectUri })
    })
    return await answer.json() as { access_token: string }
  }

  await t.test('an ID token with another nonce, which the application believes, is a red banner, once there is something that shows it', async t => {
    await idp.faults.switchOn('id-token-invalid-nonce', { username, client_id: client.id, count: 1 })
    const browser = new Browser(lab)
    const isBack = (url: string) => url.startsWith(client.redirectUri)
    const request = new URLSearchParams({
      client_id: client.id, redirect_uri: client.redirectUri, response_type: 'code', scope: 'openid', state: `state of ${username}`, nonce: `nonce of ${username}`
    })
    const page = await browser.open(`${lab.issuer}/auth?${request}`, {}, isBack)
    const { url } = await browser.submit(page, { username, password }, 'Sign in', isBack)
    const { access_token: accessToken } = await redeem(new URL(url).searchParams.get('code')!)
    const ofClient = ({ clients, faults }: { clients: string[], faults: string[] }) => clients.includes(client.id) && faults.length > 0
    const { id, findings } = await live.latest('the application', ofClient)
    t.strictSame(findings.filter(({ ok }) => !ok).map(({ name, outcome }) => [name, outcome]), [['id-token-nonce', undefined]], 'it may have been refused')

    const window = await chromium.newPage({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' })
    t.teardown(() => window.close())
    await window.goto(`${lab.console}/live?journey=${id}`)
    await window.getByRole('button', { name: /a check does not hold/ }).waitFor()
    const banner = window.getByRole('alert')
    t.equal(await banner.isVisible(), false)

    await fetch(`${lab.issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } })
    await banner.getByText(/^id token nonce: expected nonce of .*, found nonce-of-another-request, and the application went on all the same/).waitFor()
    await banner.getByRole('button', { name: 'show how it went on' }).click()
    await window.getByRole('heading', { name: /GET userinfo/ }).waitFor()

    const heads = await window.locator('.parties > span').evaluateAll(lanes => lanes.map(({ firstChild }) => firstChild?.textContent))
    t.strictSame(heads, ['Browser', client.id, 'Provider'], 'it stands where an application of the lab would')
    const mermaid = await (await fetch(`${lab.console}/journeys/${id}/export.mmd`)).text()
    t.strictSame([...mermaid.matchAll(/^ *participant \S+ as (.+)$/gm)].map(([, name]) => name), heads, 'and so it does in what is taken along')
  })
}
