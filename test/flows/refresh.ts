import { randomBytes } from 'node:crypto'
import { decodeJwt } from 'jose'
import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'

/** Staying signed in to Messenger: only as long as the identity provider renews it. And why it does not, for developers. */
export async function refresh (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)

  async function signedIn (username: string) {
    const browser = new Browser(lab)
    await browser.signIn(username)
    return { browser, ...await api.signIn(browser) }
  }

  async function configures (jwt: string): Promise<boolean> {
    const guest = await api.connect()
    const { code } = await api.configure(guest, jwt)
    await guest.close()
    return code === 200
  }

  await t.test('a refresh brings a JWT that opens a session, again and again', async t => {
    const { refreshToken, jwt } = await signedIn('alice')
    for (let time = 0; time < 3; time++) {
      const { status, body } = await api.refresh(refreshToken)
      t.equal(status, 200)
      t.not(body.jwt, jwt)
      const { exp = 0, iat = 0 } = decodeJwt(body.jwt)
      t.ok(exp - iat <= 15 * 60 && exp - iat > 14 * 60, `${exp - iat} s`)
      t.equal(await configures(body.jwt), true)
    }
  })

  await t.test('a guest who is told 401 refreshes and goes on, on the same socket and in the same conversation', async t => {
    const { jwt, refreshToken } = await signedIn('alice')
    const guest = await api.connect()
    await api.configure(guest, jwt)
    await guest.say('before')
    t.match(await api.configure(guest, `${jwt}x`), { class: 'string', code: 401, body: 'User is unauthorized' })
    const { body } = await api.refresh(refreshToken)
    t.match(await api.configure(guest, body.jwt), { class: 'SessionResponse', code: 200, body: { newSession: false } })
    t.match(await guest.say('after'), { code: 200, body: { metadata: { authenticated: 'true' } } })
    await guest.close()
  })

  await t.test('who has signed out at the identity provider cannot refresh; the JWT lives on, and so do all others', async t => {
    const { browser, refreshToken, jwt } = await signedIn('alice')
    const phone = await signedIn('alice')
    const bob = await signedIn('bob')
    await browser.signOut()

    for (let time = 0; time < 2; time++) {
      const { status, body } = await api.refresh(refreshToken)
      t.equal(status, 401)
      t.match(body, { status: 401, code: String, message: String, contextId: String, details: [], errors: [] })
    }
    t.equal(await configures(jwt), true, 'for the minutes that it has')
    t.equal((await api.refresh(phone.refreshToken)).status, 200, 'the same person in another browser')
    t.equal((await api.refresh(bob.refreshToken)).status, 200, 'somebody else')
  })

  await t.test('after signing in again there are new tokens, and the old ones stay dead', async t => {
    const { browser, refreshToken } = await signedIn('alice')
    await browser.signOut()
    await browser.signIn('alice')
    const again = await api.signIn(browser)
    t.equal((await api.refresh(again.refreshToken)).status, 200)
    t.equal((await api.refresh(refreshToken)).status, 401)
    t.equal((await api.refresh(again.refreshToken)).status, 200)
  })

  await t.test('signing out of Messenger ends neither the session at the identity provider nor a code that waits', async t => {
    const { browser, jwt } = await signedIn('alice')
    await browser.open(`${lab.app}/messenger/login`)
    t.equal(await api.revoke(jwt), 204)
    const { status, body } = await api.exchange(api.exchangeBody((await browser.authCode()).json() as Handover))
    t.equal(status, 200)
    t.equal((await api.refresh(body.refreshToken)).status, 200)
    t.equal((await browser.session()).authenticated, true)
  })

  await t.test('two tabs that refresh at once both go on', async t => {
    const { refreshToken } = await signedIn('bob')
    const answers = await Promise.all([api.refresh(refreshToken), api.refresh(refreshToken)])
    for (const { status, body } of answers) {
      t.equal(status, 200)
      t.equal(await configures(body.jwt), true)
    }
    t.equal((await api.refresh(refreshToken)).status, 200, 'and once more')
  })

  const mistakes: [string, object, RegExp][] = [
    ['a trailing slash', { redirectUri: `${lab.app}/messenger/callback/` }, /redirectUri has a trailing slash that the authorization request had not/],
    ['another redirectUri', { redirectUri: `${lab.app}/callback` }, /redirectUri differs from that of the authorization request, which was http/],
    ['a wrong nonce', { nonce: randomBytes(32).toString('base64url') }, /^nonce was sent but the ID token has another$/],
    ['no nonce', { nonce: undefined }, /^no nonce was sent, but the ID token has one/],
    ['a wrong verifier', { codeVerifier: randomBytes(32).toString('base64url') }, /codeVerifier does not match the code_challenge$/],
    ['no verifier', { codeVerifier: undefined }, /codeVerifier is missing$/],
    ['another issuer', { iss: 'https://other.example' }, /^iss is not the issuer of the identity provider, which is http/]
  ]
  for (const [what, others, reason] of mistakes) {
    await t.test(`/lab/exchanges explains ${what} to whoever develops the page`, async t => {
      const browser = new Browser(lab)
      await browser.signIn('alice')
      const handover = (await browser.authCode()).json() as Handover
      const { status, body } = await api.exchange(api.exchangeBody(handover, others))
      t.equal(status, 401)
      const explained = await api.explain(body.contextId)
      t.match(explained, { kind: 'exchange', outcome: 'refused', status: 401, reason, hint: /\.$/ })
      for (const secret of [handover.authCode, handover.nonce, handover.codeVerifier]) {
        t.notOk(JSON.stringify(explained).includes(secret))
      }
    })
  }

  await t.test('/lab/exchanges explains a replayed code, also the second time', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const body = api.exchangeBody((await browser.authCode()).json() as Handover)
    t.equal((await api.exchange(body)).status, 200)
    for (let time = 0; time < 2; time++) {
      const { body: { contextId } } = await api.exchange(body)
      t.match(await api.explain(contextId), { reason: /the code was redeemed \d+ s ago/, hint: /another code each time/ })
    }
  })

  await t.test('/lab/exchanges explains a refresh after a sign-out, and cannot be read by another site', async t => {
    const { browser, refreshToken } = await signedIn('alice')
    await browser.signOut()
    const { body: { contextId } } = await api.refresh(refreshToken)
    t.match(await api.explain(contextId), { kind: 'refresh', status: 401, reason: /the person has signed out$/ })
    const response = await fetch(`${lab.genesys}/lab/exchanges`, { headers: { origin: lab.app, 'sec-fetch-site': 'cross-site' } })
    t.equal(response.status, 403)
    t.equal(response.headers.get('access-control-allow-origin'), null)
  })
}
