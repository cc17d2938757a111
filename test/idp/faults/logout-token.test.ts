import { createHmac } from 'node:crypto'
import { compactVerify, createLocalJWKSet, jwtVerify, type JWTVerifyGetKey } from 'jose'
import t, { type Test } from 'tap'
import { decode, jwksOf, proveGroup, SignedIn, startFaultyIdp, startLogoutEndpoint, stopTheClock, withChanges } from './helper.ts'

const alice = 'usr-7f3a91c0'
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/** An identity provider that tells a client of every sign-out, and a client that takes whatever it is sent. */
async function startWithLogoutEndpoint (t: Test) {
  const { url, received } = await startLogoutEndpoint(t)
  const { idp, lab } = await startFaultyIdp(t)
  await lab.clients.patch('relying-party', { backchannel_logout_uri: url, backchannel_logout_session_required: true })
  /** Sign in and out, and see what the client is sent. */
  const signOut = async (username = 'alice') => {
    const { visitor } = await SignedIn.as(idp, username)
    const before = received.length
    await visitor.submit(await visitor.open('/session/end'), {}, 'Sign out')
    return received.slice(before)
  }
  return {
    idp, lab, signOut, keys: createLocalJWKSet(await jwksOf(idp)), clientSecret: idp.relyingParty.client_secret!
  }
}

interface Row {
  header?: Record<string, unknown>
  payload?: Record<string, unknown>
  signature: (t: Test, jwt: string, by: { keys: JWTVerifyGetKey, clientSecret: string }) => Promise<unknown>
}

const good: Row['signature'] = (t, jwt, { keys }) =>
  t.resolves(compactVerify(jwt, keys), 'the signature is that of the published key')

const rows: Record<string, Row | 'twice'> = {
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
  'logout-token-invalid-iss': { payload: { iss: 'https://elsewhere.example.com' }, signature: good },
  'logout-token-invalid-aud': { payload: { aud: 'another-client' }, signature: good },
  'logout-token-missing-events': { payload: { events: undefined }, signature: good },
  'logout-token-wrong-event': { payload: { events: { 'https://elsewhere.example.com/event/another': {} } }, signature: good },
  'logout-token-with-nonce': { payload: { nonce: 'a-nonce' }, signature: good },
  'logout-token-replayed': 'twice'
}

/** Each logout token has an identifier of its own and is about another session. */
const comparable = ({ jti, sid, ...claims }: Record<string, unknown>) => ({ ...claims, jti: typeof jti, sid: typeof sid })

proveGroup(t, 'logout-token', rows, async (t, fault, row) => {
  const { lab, signOut, keys, clientSecret } = await startWithLogoutEndpoint(t)
  stopTheClock(t)
  const clean = decode((await signOut())[0]!)
  t.equal(clean.header['typ'], 'logout+jwt')
  t.match(clean.payload, { aud: 'relying-party', sub: alice, sid: /./, events: { [logoutEvent]: {} } })

  await lab.faults.switchOn(fault, { count: 1 })
  const received = await signOut()
  if (row === 'twice') {
    t.equal(received.length, 2)
    t.equal(received[0], received[1], 'the same, with the same jti')
    await good(t, received[0]!, { keys, clientSecret })
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

/** A client that does what the specification says: https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation */
function correctClient (issuer: string, keys: JWTVerifyGetKey) {
  const seen = new Set<unknown>()
  return async (jwt: string): Promise<void> => {
    const { payload } = await jwtVerify(jwt, keys, {
      issuer, audience: 'relying-party', algorithms: ['RS256'], requiredClaims: ['iat', 'exp', 'jti', 'events']
    })
    if (!Object.hasOwn(payload['events'] as object, logoutEvent)) throw new Error('it is about another event')
    if ('nonce' in payload) throw new Error('it has a nonce')
    if (seen.has(payload.jti)) throw new Error('it was sent before')
    seen.add(payload.jti)
  }
}

const reasons: Record<string, RegExp> = {
  'logout-token-alg-none': /"alg" \(Algorithm\) Header Parameter value not allowed/,
  'logout-token-wrong-alg': /"alg" \(Algorithm\) Header Parameter value not allowed/,
  'logout-token-invalid-signature': /signature verification failed/,
  'logout-token-invalid-iss': /unexpected "iss" claim value/,
  'logout-token-invalid-aud': /unexpected "aud" claim value/,
  'logout-token-missing-events': /missing required "events" claim/,
  'logout-token-wrong-event': /about another event/,
  'logout-token-with-nonce': /has a nonce/,
  'logout-token-replayed': /sent before/
}

t.test('a client that checks what the specification says accepts every good logout token and refuses every other', async t => {
  const { idp, lab, signOut, keys } = await startWithLogoutEndpoint(t)
  const accept = correctClient(idp.config.issuer, keys)
  t.same(Object.keys(reasons).sort(), Object.keys(rows).sort())
  for (const [fault, reason] of Object.entries(reasons)) {
    await t.resolves(accept((await signOut())[0]!), 'a good one')
    await lab.faults.switchOn(fault, { count: 1 })
    const received = await signOut()
    if (received.length > 1) await t.resolves(accept(received[0]!), 'the first time')
    await t.rejects(accept(received.at(-1)!), { message: reason }, fault)
  }
})

t.test('spoils the logout token of the client and the user that are meant, and of no other', async t => {
  const { lab, signOut } = await startWithLogoutEndpoint(t)
  const algOf = async (username?: string) => decode((await signOut(username))[0]!).header['alg']
  await lab.faults.switchOn('logout-token-alg-none', { client: 'relying-party', user: 'alice' })
  t.same([await algOf('bob'), await algOf()], ['RS256', 'none'])
  await lab.faults.reset()
  await lab.faults.switchOn('logout-token-alg-none', { client: 'genesys-messenger' })
  t.equal(await algOf(), 'RS256')
})

t.test('shows in the ledger that a logout token was spoilt', async t => {
  const { lab, signOut } = await startWithLogoutEndpoint(t)
  await lab.faults.switchOn('logout-token-replayed', { count: 1 })
  await signOut()
  const { entries } = await lab.ledger.query({ endpoint: 'backchannel_logout' })
  t.same(entries.map(({ to, faults }) => [to, ...faults]), Array(2).fill(['relying-party', 'logout-token-replayed']))
})
