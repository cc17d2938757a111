import { randomBytes, randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'

/** Genesys redeems the code: what it takes, what it refuses, and what comes of it. */
export async function exchange (t: Test, lab: Lab) {
  const api = new GenesysApi(lab)

  async function handover (username = 'alice'): Promise<Handover> {
    const browser = new Browser(lab)
    await browser.signIn(username)
    return (await browser.authCode()).json() as Handover
  }

  await t.test('a fresh code becomes a Genesys JWT of at most 15 minutes and a refresh token', async t => {
    const { status, body } = await api.exchange(api.exchangeBody(await handover()))
    t.equal(status, 200)
    const { exp, iat } = decodeJwt(body.jwt)
    t.ok(exp! - iat! <= 15 * 60 && exp! - iat! > 14 * 60, `${exp! - iat!} s`)
    t.ok(body.refreshToken)
  })

  await t.test('a code without iss is taken, as the mobile SDK sends none', async t => {
    t.equal((await api.exchange(api.exchangeBody(await handover(), { iss: undefined }))).status, 200)
  })

  await t.test('a replayed code is refused', async t => {
    const body = api.exchangeBody(await handover())
    t.equal((await api.exchange(body)).status, 200)
    t.equal((await api.exchange(body)).status, 401)
  })

  const wrong: [string, object][] = [
    ['another nonce', { nonce: randomBytes(32).toString('base64url') }],
    ['no nonce although one was sent', { nonce: undefined }],
    ['another code verifier', { codeVerifier: randomBytes(32).toString('base64url') }],
    ['no code verifier although a challenge was sent', { codeVerifier: undefined }],
    ['another redirectUri', { redirectUri: `${lab.app}/callback` }],
    ['a redirectUri with a trailing slash', { redirectUri: `${lab.app}/messenger/callback/` }],
    ['another issuer', { iss: 'https://other.example' }],
    ['a code that nobody issued', { code: randomBytes(32).toString('base64url') }]
  ]
  for (const [what, others] of wrong) {
    await t.test(`${what} is refused, and what the page sees is terse`, async t => {
      const { status, body } = await api.exchange(api.exchangeBody(await handover(), others))
      t.ok(status === 401 || status === 400, String(status))
      t.match(body, { status, code: String, message: String, contextId: String })
      t.notMatch(JSON.stringify(body), /nonce|verifier|redirect_uri|PKCE/i)
    })
  }

  for (const field of ['code', 'redirectUri'] as const) {
    await t.test(`without ${field} the request is malformed`, async t => {
      const { status, body } = await api.exchange(api.exchangeBody(await handover(), { [field]: undefined }))
      t.equal(status, 400)
      t.match(body, { status: 400, code: String, message: String })
    })
  }

  await t.test('a deployment that is not there is not found', async t => {
    const { status } = await api.exchange({ ...api.exchangeBody(await handover()), deploymentId: randomUUID() })
    t.equal(status, 404)
  })

  await t.test('a refresh token brings another JWT, again and again', async t => {
    const { body: { refreshToken } } = await api.exchange(api.exchangeBody(await handover()))
    for (let time = 0; time < 2; time++) {
      const { status, body } = await api.refresh(refreshToken)
      t.equal(status, 200)
      t.ok(decodeJwt(body.jwt).exp)
    }
    t.equal((await api.refresh('made-up')).status, 401)
  })

  await t.test('after a revoke neither JWT nor refresh token is good for anything', async t => {
    const { body: { jwt, refreshToken } } = await api.exchange(api.exchangeBody(await handover()))
    t.ok(await api.revoke(jwt) < 300)
    t.equal(await api.revoke(jwt), 401)
    t.equal((await api.refresh(refreshToken)).status, 401)
  })
}
