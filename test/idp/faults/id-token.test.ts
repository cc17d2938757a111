import { createHmac, createPublicKey } from 'node:crypto'
import { createLocalJWKSet, compactVerify, importJWK, type JWK } from 'jose'
import t, { type Test } from 'tap'
import {
  decode, decodeIdToken, jwksOf, proveGroup, SignedIn, startFaultyIdp, stopTheClock, withChanges, type Decoded
} from './helper.ts'

/** What a signature is checked by. */
interface Evidence {
  jwt: string
  token: Decoded
  keys: JWK[]
  secret: string
}

interface Row {
  header?: Record<string, unknown>
  payload?: (clean: Decoded['payload']) => Record<string, unknown>
  signature: (t: Test, evidence: Evidence) => Promise<unknown>
}

const issuer = 'https://elsewhere.example.com'
const signed = (jwt: string) => jwt.slice(0, jwt.lastIndexOf('.'))
const hmac = (jwt: string, key: string | Buffer) => createHmac('sha256', key).update(signed(jwt)).digest()
const verifiesWith = async (jwt: string, key: JWK) =>
  compactVerify(jwt, await importJWK(key, 'RS256')).then(() => true, () => false)

const good: Row['signature'] = async (t, { jwt, keys }) => {
  await t.resolves(compactVerify(jwt, createLocalJWKSet({ keys })), 'the signature is that of the published key')
}

const ofNobody: Row['signature'] = async (t, { jwt, token, keys }) => {
  t.ok(token.signature.length > 0, 'there is a signature')
  t.same(await Promise.all(keys.map(key => verifiesWith(jwt, key))), keys.map(() => false), 'and it is that of no published key')
}

/** The other bit in the last place. */
function mended (signature: Buffer): Buffer {
  const bytes = Buffer.from(signature)
  bytes[bytes.length - 1]! ^= 1
  return bytes
}

const rows: Record<string, Row> = {
  'id-token-invalid-iss': { payload: () => ({ iss: issuer }), signature: good },
  'id-token-invalid-aud': { payload: () => ({ aud: 'another-client' }), signature: good },
  'id-token-missing-aud': { payload: () => ({ aud: undefined }), signature: good },
  'id-token-additional-aud': { payload: () => ({ aud: ['relying-party', 'another-client'] }), signature: good },
  'id-token-invalid-azp': { payload: () => ({ azp: 'another-client' }), signature: good },
  'id-token-invalid-nonce': { payload: () => ({ nonce: 'nonce-of-another-request' }), signature: good },
  'id-token-missing-nonce': { payload: () => ({ nonce: undefined }), signature: good },
  'id-token-missing-sub': { payload: () => ({ sub: undefined }), signature: good },
  'id-token-missing-iat': { payload: () => ({ iat: undefined }), signature: good },
  'id-token-expired': { payload: ({ iat }) => ({ exp: Number(iat) - 3600 }), signature: good },
  'id-token-not-yet-valid': {
    payload: ({ iat, exp }) => ({ nbf: Number(iat) + 3600, exp: Number(exp) + 3600 }), signature: good
  },
  'id-token-alg-none': {
    header: { alg: 'none' },
    signature: async (t, { jwt }) => t.match(jwt, /^[\w-]+\.[\w-]+\.$/, 'the signature is empty')
  },
  'id-token-invalid-signature': {
    signature: async (t, evidence) => {
      await ofNobody(t, evidence)
      const { jwt, token, keys } = evidence
      const right = `${signed(jwt)}.${mended(token.signature).toString('base64url')}`
      t.ok(await verifiesWith(right, keys[0]!), 'it is right but for its last bit')
    }
  },
  'id-token-invalid-signature-es256': {
    header: { alg: 'ES256' },
    signature: async (t, { token }) => t.equal(token.signature.length, 64, 'the signature is two numbers of 256 bits')
  },
  'id-token-invalid-signature-hs256': {
    header: { alg: 'HS256' },
    signature: async (t, { jwt, token, secret }) =>
      t.same(mended(token.signature), hmac(jwt, secret), 'it is right but for its last bit')
  },
  'id-token-hs256-with-public-key': {
    header: { alg: 'HS256' },
    signature: async (t, { jwt, token, keys }) => {
      const pem = createPublicKey({ format: 'jwk', key: keys[0]! }).export({ type: 'spki', format: 'pem' })
      t.match(pem, /^-----BEGIN PUBLIC KEY-----\n([\w+/=]{1,64}\n)+-----END PUBLIC KEY-----\n$/)
      t.same(token.signature, hmac(jwt, pem), 'the HMAC is keyed with the public key')
    }
  },
  'id-token-wrong-key': { signature: ofNobody },
  'id-token-unknown-kid': { header: { kid: 'no-such-key' }, signature: ofNobody },
  'id-token-no-kid-single-key': {
    header: { kid: undefined },
    signature: async (t, { jwt, keys }) => {
      t.equal(keys.length, 1)
      t.ok(await verifiesWith(jwt, keys[0]!))
    }
  },
  'id-token-no-kid-several-keys': {
    header: { kid: undefined },
    signature: async (t, { jwt, keys }) => {
      t.same(keys.map(({ alg }) => alg), ['RS256', 'RS256'])
      t.same(await Promise.all(keys.map(key => verifiesWith(jwt, key))), [true, false], 'one of the two keys has signed it')
    }
  }
}

proveGroup(t, 'id-token', rows, async (t, fault, { header, payload, signature }) => {
  const { idp, lab } = await startFaultyIdp(t)
  stopTheClock(t)
  const alice = await SignedIn.as(idp)
  const clean = await alice.claims()

  await lab.faults.switchOn(fault, { count: 1 })
  const tokens = await alice.tokens()
  const token = decodeIdToken(tokens)
  t.same(token.header, withChanges(clean.header, header), 'the header')
  t.same(token.payload, withChanges(clean.payload, payload?.(clean.payload)), 'the claims')
  await signature(t, { jwt: tokens.id_token, token, keys: (await jwksOf(idp)).keys, secret: idp.relyingParty.client_secret! })

  t.same(await alice.claims(), clean, 'the next one is as it was')
})

t.test('takes an ID token out of its time by as much as is asked for', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  stopTheClock(t)
  const alice = await SignedIn.as(idp)
  await lab.faults.switchOn('id-token-expired', { parameters: { seconds: 30 } })
  const { payload } = decode(await alice.idToken())
  t.equal(payload['exp'], Number(payload['iat']) - 30)
})

t.test('spoils the ID token of a client that is registered for another algorithm no less', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  stopTheClock(t)
  for (const alg of ['ES256', 'PS256', 'EdDSA'] as const) {
    await lab.clients.patch('relying-party', { id_token_signed_response_alg: alg })
    const alice = await SignedIn.as(idp)
    const clean = decode(await alice.idToken())
    const { keys } = await jwksOf(idp)
    await lab.faults.switchOn('id-token-invalid-aud', { count: 1 })
    const jwt = await alice.idToken()
    t.same(decode(jwt).header, clean.header, alg)
    t.equal(clean.header['alg'], alg)
    t.equal(decode(jwt).payload['aud'], 'another-client')
    await t.resolves(compactVerify(jwt, createLocalJWKSet({ keys })), 'correctly signed')

    await lab.faults.switchOn('id-token-wrong-key', { count: 1 })
    await t.rejects(compactVerify(await alice.idToken(), createLocalJWKSet({ keys })), 'or not')
  }
})

t.test('leaves everything else of the token response alone', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  await lab.faults.switchOn('id-token-invalid-signature')
  const { access_token: accessToken, expires_in: expiresIn, ...others } = await alice.tokens()
  t.same(Object.keys(others).sort(), ['id_token', 'refresh_token', 'scope', 'token_type'])
  t.equal(expiresIn, 900)
  t.equal((await idp.userinfo(accessToken)).statusCode, 200, 'the access token works')
})

t.test('is not used up by a token request that is refused', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  await lab.faults.switchOn('id-token-alg-none', { count: 1 })
  t.equal((await idp.redeem(idp.relyingParty, 'no-such-code')).statusCode, 400)
  t.equal((await lab.faults.active()).length, 1, 'still on')
  t.equal(decode(await alice.idToken()).header['alg'], 'none')
  t.same(await lab.faults.active(), [], 'and off once it was applied')
})
