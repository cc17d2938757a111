import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import tap from 'tap'
import { checksLogoutToken } from '../../services/console/lessons/careless/checks/checks-logout-token.ts'
import { decode } from '../../services/console/lessons/careless/id-token.ts'
import { forgedLogoutTokens } from '../../services/console/lessons/play/forged-logout-tokens.ts'

const [issuer, clientId, nowSeconds] = ['http://idp.localhost:3001/realms/a', 'careless', 1_800_000_000]
const event = 'http://schemas.openid.net/event/backchannel-logout'
const { publicKey, privateKey } = await generateKeyPair('RS256')
const key = { ...await exportJWK(publicKey), kid: 'of-the-provider' }

const check = (text: string, usedBefore: string[] = []) => {
  const { claims, alg } = decode(text)
  return checksLogoutToken({ text, claims, alg, key }, { issuer, clientId, nowSeconds, usedBefore })
}
const sign = (changes: Record<string, unknown> = {}) => new SignJWT({
  iss: issuer, aud: clientId, sub: 'usr-alice', iat: nowSeconds, exp: nowSeconds + 120, jti: 'one', events: { [event]: {} }, ...changes
}).setProtectedHeader({ alg: 'RS256', kid: key.kid }).sign(privateKey)

tap.test('the careful check takes a logout token of the provider, once', async t => {
  await t.resolves(check(await sign()))
  await t.rejects(sign().then(token => check(token, ['one'])), { message: 'The logout token was used before.' })
})

tap.test('it refuses what only the provider could sign, where that is no logout token for this client', async t => {
  const wrong = {
    'of another provider': { iss: `${issuer}/` },
    'for another client': { aud: 'game' },
    'without the event of a logout': { events: { 'http://evil.localhost/event': {} } },
    'an ID token': { events: undefined, nonce: 'n' },
    'with a nonce': { nonce: '' },
    'that has expired': { exp: nowSeconds },
    'that never expires': { exp: undefined },
    'that cannot be told from another': { jti: undefined }
  }
  for (const [name, changes] of Object.entries(wrong)) await t.rejects(sign(changes).then(token => check(token)), { name: 'Refused' }, name)
})

tap.test('it refuses each logout token that the attacker makes up, in which the claims are as they must be', async t => {
  const forged = await forgedLogoutTokens({ issuer, audience: clientId, sub: 'usr-alice', now: nowSeconds, key })
  t.strictSame(forged.map(({ token }) => decode(token).alg), ['none', 'HS256', 'RS256'])
  for (const { how, token } of forged) {
    t.match(decode(token).claims, { iss: issuer, aud: clientId, sub: 'usr-alice', exp: nowSeconds + 120, jti: String, events: { [event]: {} } }, how)
    await t.rejects(check(token), { message: 'The logout token is not signed by the provider.' }, how)
  }
})
