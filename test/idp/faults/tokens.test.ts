import { createHmac, createPublicKey } from 'node:crypto'
import { compactVerify, createLocalJWKSet, importJWK, type JWK, type JWTVerifyGetKey } from 'jose'
import t, { type Test } from 'tap'
import { startIdp, type Idp, type Tokens } from '../helper.ts'
import {
  claimsOf, decode, decodeIdToken, jwksOf, proveGroup, SignedIn, startLogoutEndpoint, stopTheClock, withChanges, type Decoded
} from './helper.ts'

const idp = await startIdp(t)

/** What a signature is checked by. */
interface Evidence {
  jwt: string
  token: Decoded
  keys: JWK[]
  secret: string
}

interface Row {
  /** more parameters of the authorization requests, where the fault is about what they ask for */
  asks?: Record<string, string>
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

const idTokenRows: Record<string, Row> = {
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
  'id-token-invalid-acr': { asks: { acr_values: 'Level3' }, payload: () => ({ acr: 'urn:example:another-acr' }), signature: good },
  'id-token-old-auth-time': {
    asks: { max_age: '600' }, payload: ({ auth_time: authTime, iat }) => ({ auth_time: authTime && Number(iat) - 2_592_000 }), signature: good
  },
  'id-token-missing-auth-time': {
    asks: { max_age: '600' }, payload: ({ auth_time: authTime }) => ({ auth_time: authTime ? undefined : 'was to be there' }), signature: good
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

proveGroup(t, idp, 'id-token', idTokenRows, async (t, realm, fault, { asks, header, payload, signature }) => {
  const { lab } = realm
  stopTheClock(t)
  const alice = await SignedIn.as(realm)
  const clean = await alice.claims(realm.relyingParty, asks)

  await lab.faults.switchOn(fault, { count: 1 })
  const tokens = await alice.tokens(realm.relyingParty, asks)
  const token = decodeIdToken(tokens)
  t.same(token.header, withChanges(clean.header, header), 'the header')
  t.same(token.payload, withChanges(clean.payload, payload?.(clean.payload)), 'the claims')
  await signature(t, { jwt: tokens.id_token, token, keys: (await jwksOf(realm)).keys, secret: realm.relyingParty.client_secret! })

  t.same(await alice.claims(realm.relyingParty, asks), clean, 'the next one is as it was')
})

t.test('takes an ID token out of its time by as much as is asked for', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  stopTheClock(t)
  const alice = await SignedIn.as(realm)
  await lab.faults.switchOn('id-token-expired', { parameters: { seconds: 30 } })
  const { payload } = decode(await alice.idToken())
  t.equal(payload['exp'], Number(payload['iat']) - 30)
})

t.test('spoils the ID token of a client that is registered for another algorithm no less', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  stopTheClock(t)
  for (const alg of ['ES256', 'PS256', 'EdDSA'] as const) {
    await lab.clients.patch('relying-party', { id_token_signed_response_alg: alg })
    const alice = await SignedIn.as(realm)
    const clean = decode(await alice.idToken())
    const { keys } = await jwksOf(realm)
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

t.test('signs wrongly as ES256 for a client that is registered for ES256, and not as another algorithm', async t => {
  const realm = await idp.newRealm()
  await realm.lab.clients.patch('relying-party', { id_token_signed_response_alg: 'ES256' })
  const alice = await SignedIn.as(realm)
  await alice.idToken()
  const keys = createLocalJWKSet(await jwksOf(realm))
  for (const fault of ['id-token-invalid-signature', 'id-token-invalid-signature-es256', 'id-token-wrong-key']) {
    await realm.lab.faults.switchOn(fault, { count: 1 })
    const jwt = await alice.idToken()
    t.equal(decode(jwt).header['alg'], 'ES256', fault)
    await t.rejects(compactVerify(jwt, keys), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' }, fault)
  }
})

t.test('leaves everything else of the token response alone', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  await lab.faults.switchOn('id-token-invalid-signature')
  const { access_token: accessToken, expires_in: expiresIn, ...others } = await alice.tokens()
  t.same(Object.keys(others).sort(), ['id_token', 'refresh_token', 'scope', 'token_type'])
  t.equal(expiresIn, 900)
  t.equal((await realm.userinfo(accessToken)).statusCode, 200, 'the access token works')
})

t.test('is not used up by a token request that is refused', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const alice = await SignedIn.as(realm)
  await lab.faults.switchOn('id-token-alg-none', { count: 1 })
  t.equal((await realm.redeem(realm.relyingParty, 'no-such-code')).statusCode, 400)
  t.equal((await lab.faults.active()).length, 1, 'still on')
  t.equal(decode(await alice.idToken()).header['alg'], 'none')
  t.same(await lab.faults.active(), [], 'and off once it was applied')
})

const refreshRows: Record<string, Record<string, unknown>> = {
  'refresh-invalid-iss': { iss: 'https://elsewhere.example.com' },
  'refresh-invalid-aud': { aud: 'another-client' },
  'refresh-invalid-sub': { sub: 'another-user' },
  'refresh-invalid-azp': { azp: 'another-client' }
}

proveGroup(t, idp, 'refresh', refreshRows, async (t, realm, fault, changes) => {
  const { lab } = realm
  stopTheClock(t)
  const alice = await SignedIn.as(realm)
  const keys = createLocalJWKSet(await jwksOf(realm))
  const refreshed = async ({ refresh_token: refreshToken }: Tokens): Promise<Tokens> =>
    (await realm.refresh(realm.relyingParty, refreshToken!)).json()

  await lab.faults.switchOn(fault, { count: 1 })
  const signIn = await alice.tokens(realm.relyingParty, realm.offline)
  const clean = claimsOf(decodeIdToken(signIn))
  t.equal(clean.payload['aud'], 'relying-party', 'the ID token of the sign-in is as it should be')

  const faulty = await refreshed(signIn)
  t.same(claimsOf(decodeIdToken(faulty)), { header: clean.header, payload: withChanges(clean.payload, changes) })
  await t.resolves(compactVerify(faulty.id_token, keys), 'correctly signed')
  t.equal((await realm.userinfo(faulty.access_token)).statusCode, 200, 'the other tokens are good')

  const next = await refreshed(faulty)
  t.same(claimsOf(decodeIdToken(next)), clean, 'the next one is as it was')
})

t.test('leaves the ID token of a refresh alone where the fault is about those of sign-ins', async t => {
  const realm = await idp.newRealm()
  const { lab } = realm
  const tokens = await (await SignedIn.as(realm)).tokens(realm.relyingParty, realm.offline)
  await lab.faults.switchOn('id-token-invalid-aud')
  const response = await realm.refresh(realm.relyingParty, tokens.refresh_token!)
  t.equal(decode((response.json() as Tokens).id_token).payload['aud'], 'relying-party')
})

const alice = 'usr-7f3a91c0'
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** A client that is told of every sign-out, and takes whatever it is sent. */
async function startWithLogoutEndpoint (t: Test, realm: Idp) {
  const { url, received } = await startLogoutEndpoint(t)
  const { lab } = realm
  await lab.clients.patch('relying-party', { backchannel_logout_uri: url, backchannel_logout_session_required: true })
  /** Sign in and out, and see what the client is sent. */
  const signOut = async (username = 'alice') => {
    const { visitor } = await SignedIn.as(realm, username)
    const before = received.length
    await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
    return received.slice(before)
  }
  return { lab, signOut, keys: createLocalJWKSet(await jwksOf(realm)), clientSecret: realm.relyingParty.client_secret! }
}

interface LogoutTokenRow {
  header?: Record<string, unknown>
  payload?: Record<string, unknown>
  signature: (t: Test, jwt: string, by: { keys: JWTVerifyGetKey, clientSecret: string }) => Promise<unknown>
}

const goodLogoutToken: LogoutTokenRow['signature'] = (t, jwt, { keys }) =>
  t.resolves(compactVerify(jwt, keys), 'the signature is that of the published key')

const logoutTokenRows: Record<string, LogoutTokenRow | 'twice'> = {
  'logout-token-alg-none': {
    header: { alg: 'none' },
    signature: async (t, jwt) => t.match(jwt, /^[\w-]+\.[\w-]+\.$/, 'the signature is empty')
  },
  'logout-token-wrong-alg': {
    header: { alg: 'HS256' },
    signature: async (t, jwt, { clientSecret }) => {
      const hmac = createHmac('sha256', clientSecret).update(jwt.slice(0, jwt.lastIndexOf('.'))).digest()
      t.same(decode(jwt).signature, hmac, 'the HMAC is keyed with the client secret')
    }
  },
  'logout-token-invalid-signature': {
    signature: async (t, jwt, { keys }) => {
      await t.rejects(compactVerify(jwt, keys), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
      const [header, payload, signature] = jwt.split('.')
      const bytes = Buffer.from(signature!, 'base64url')
      bytes[bytes.length - 1]! ^= 1
      const mended = [header, payload, bytes.toString('base64url')].join('.')
      await t.resolves(compactVerify(mended, keys), 'it is right but for its last bit')
    }
  },
  'logout-token-invalid-iss': { payload: { iss: 'https://elsewhere.example.com' }, signature: goodLogoutToken },
  'logout-token-invalid-aud': { payload: { aud: 'another-client' }, signature: goodLogoutToken },
  'logout-token-missing-events': { payload: { events: undefined }, signature: goodLogoutToken },
  'logout-token-wrong-event': {
    payload: { events: { 'https://elsewhere.example.com/event/another': {} } }, signature: goodLogoutToken
  },
  'logout-token-with-nonce': { payload: { nonce: 'a-nonce' }, signature: goodLogoutToken },
  'logout-token-replayed': 'twice'
}

/** Each logout token has an identifier of its own and is about another session. */
const comparable = ({ jti, sid, ...claims }: Record<string, unknown>) => ({ ...claims, jti: typeof jti, sid: typeof sid })

proveGroup(t, idp, 'logout-token', logoutTokenRows, async (t, realm, fault, row) => {
  const { lab, signOut, keys, clientSecret } = await startWithLogoutEndpoint(t, realm)
  stopTheClock(t)
  const clean = decode((await signOut())[0]!)
  t.equal(clean.header['typ'], 'logout+jwt')
  t.match(clean.payload, { aud: 'relying-party', sub: alice, sid: /./, events: { [logoutEvent]: {} } })

  await lab.faults.switchOn(fault, { count: 1 })
  const received = await signOut()
  if (row === 'twice') {
    t.equal(received.length, 2)
    t.equal(received[0], received[1], 'the same, with the same jti')
    await goodLogoutToken(t, received[0]!, { keys, clientSecret })
  } else {
    t.equal(received.length, 1)
    const { header, payload } = decode(received[0]!)
    t.same(header, withChanges(clean.header, row.header), 'the header')
    t.same(comparable(payload), withChanges(comparable(clean.payload), row.payload), 'the claims')
    await row.signature(t, received[0]!, { keys, clientSecret })
  }

  const next = await signOut()
  t.equal(next.length, 1)
  t.same(comparable(decode(next[0]!).payload), comparable(clean.payload), 'the next one is as it was')
})

t.test('spoils the logout token of the client and the user that are meant, and of no other', async t => {
  const { lab, signOut } = await startWithLogoutEndpoint(t, await idp.newRealm())
  const algOf = async (username?: string) => decode((await signOut(username))[0]!).header['alg']
  await lab.faults.switchOn('logout-token-alg-none', { client_id: 'relying-party', username: 'alice' })
  t.same([await algOf('bob'), await algOf()], ['RS256', 'none'])
  await lab.faults.reset()
  await lab.faults.switchOn('logout-token-alg-none', { client_id: 'genesys-messenger' })
  t.equal(await algOf(), 'RS256')
})

t.test('shows in the ledger that a logout token was spoilt', async t => {
  const { lab, signOut } = await startWithLogoutEndpoint(t, await idp.newRealm())
  await lab.faults.switchOn('logout-token-replayed', { count: 1 })
  await signOut()
  const { entries } = await lab.ledger.query({ endpoint: 'backchannel_logout' })
  t.same(entries.map(({ to, faults }) => [to, ...faults]), Array(2).fill(['relying-party', 'logout-token-replayed']))
})
