import { decodeJwt } from 'jose'
import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import type { Lab } from '../helpers/lab.ts'

/** The second authorization code: asked for by the relying party, handed to the page once, redeemed by Genesys. */
export async function messengerCode (t: Test, lab: Lab) {
  await t.test('once the person is at home, the browser fetches a code for Genesys, without a page', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const requests = browser.visited.filter(url => url.startsWith(`${lab.issuer}/auth?`)).map(url => new URL(url).searchParams)
    t.equal(requests.length, 2)
    const [first, second] = requests
    t.equal(first!.get('client_id'), lab.settings['OIDC_CLIENT_ID'])
    t.equal(second!.get('client_id'), lab.settings['GENESYS_CLIENT_ID'])
    t.equal(second!.get('prompt'), 'none')
    t.match(decodeJwt(second!.get('id_token_hint')!), { sub: lab.user('alice').sub, aud: lab.settings['OIDC_CLIENT_ID'] })
    t.match(JSON.parse(second!.get('claims')!), { id_token: { sub: { value: lab.user('alice').sub } } })
    for (const parameter of ['state', 'nonce', 'code_challenge']) {
      t.ok(first!.get(parameter))
      t.not(second!.get(parameter), first!.get(parameter), `a ${parameter} of its own`)
    }
    t.equal(second!.get('code_challenge_method'), 'S256')
  })

  await t.test('the page gets the code once, with all that Genesys needs, and not to be cached', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const page = await browser.authCode()
    t.equal(page.status, 200)
    t.match(page.headers.get('cache-control'), /no-store/)
    t.match(page.json(), {
      authCode: /^[\w-]{20,}$/,
      redirectUri: `${lab.app}/messenger/callback`,
      nonce: /^[\w-]{20,}$/,
      codeVerifier: /^[\w-]{43}$/,
      iss: lab.issuer
    })

    const again = await browser.request(`${lab.app}/messenger/auth-code?return_to=%2F%3Fhere`, {
      method: 'POST', headers: { 'csrf-token': (await browser.session()).csrfToken! }
    })
    t.equal(again.status, 409)
    t.strictSame(again.json(), { error: 'code_required', location: '/messenger/login?return_to=%2F%3Fhere' })
  })

  await t.test('of two requests at the same instant one gets the code', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const { csrfToken } = await browser.session()
    const pages = await Promise.all([browser.authCode(csrfToken), browser.authCode(csrfToken)])
    t.strictSame(pages.map(page => page.status).sort(), [200, 409])
  })

  await t.test('the location of a 409 brings the person back with a fresh code', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const first = (await browser.authCode()).json() as { authCode: string }
    const { location } = (await browser.authCode()).json() as { location: string }
    t.equal((await browser.open(lab.app + location)).url, `${lab.app}/`)
    const second = (await browser.authCode()).json() as { authCode: string }
    t.ok(second.authCode)
    t.not(second.authCode, first.authCode)
  })

  await t.test('without a session there is no code', async t => {
    t.equal((await new Browser(lab).authCode()).status, 401)
  })

  for (const [what, token] of [['no', ''], ['a wrong', 'x'.repeat(40)]] as const) {
    await t.test(`with ${what} CSRF token there is no code, and the code stays for who may have it`, async t => {
      const browser = new Browser(lab)
      await browser.signIn('alice')
      t.equal((await browser.authCode(token)).status, 403)
      t.equal((await browser.authCode()).status, 200)
    })
  }

  await t.test('two pages that load at once get CSRF tokens that both work', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const [first, second] = await Promise.all([browser.session(), browser.session()])
    t.equal((await browser.authCode(first.csrfToken)).status, 200)
    t.equal((await browser.authCode(second.csrfToken)).status, 409)
  })

  await t.test('a tab that fetches a code after the person has signed out in another leads back to the page, and signs nobody in', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const { csrfToken } = await browser.session()
    await browser.request(`${lab.app}/logout`, { form: { _csrf: csrfToken! } })
    const page = await browser.open(`${lab.app}/messenger/login?return_to=%2F%3Fchat`)
    t.equal(page.url, `${lab.app}/?chat`)
    t.equal((await browser.session()).authenticated, false, 'although the identity provider still knows the person')
  })

  await t.test('when the identity provider has forgotten the person, the page is told so', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    for (const { key } of await browser.jar.getCookies(lab.issuer)) {
      await browser.jar.setCookie(`${key}=; Path=/; Max-Age=0`, lab.issuer)
    }
    await browser.authCode()
    const page = await browser.open(`${lab.app}/messenger/login?return_to=%2F%3Fchat`)
    t.equal(page.url, `${lab.app}/?chat`)
    const { status, json } = await browser.authCode()
    t.strictSame([status, json()], [409, { error: 'code_refused', reason: 'login_required' }])
    t.equal((await browser.session()).authenticated, true, 'the session here goes on')
  })

  await t.test('when somebody else is signed in at the identity provider, their code is not handed over', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const alicesCookie = await browser.jar.getCookieString(lab.app)
    const other = new Browser(lab)
    await other.signIn('bob')
    for (const cookie of alicesCookie.split('; ')) await other.jar.setCookie(`${cookie}; Path=/`, lab.app)
    await other.authCode()
    t.match((await other.session()).user, { name: 'Alice Anders' })
    t.equal((await other.open(`${lab.app}/messenger/login`)).url, `${lab.app}/`)
    t.match((await other.authCode()).json(), { error: 'code_refused', reason: 'login_required' })
  })
}
