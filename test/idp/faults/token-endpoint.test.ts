import { EventEmitter } from 'node:events'
import type { KoaContextWithOIDC } from 'oidc-provider'
import t, { type Test } from 'tap'
import { fetch } from '#lib/outbound.ts'
import { deviceCodeGrant } from '../../../services/idp/clients.ts'
import { waitUnlessGone } from '../../../services/idp/faults/answers.ts'
import { credentialsOf, postForm, registerShop, type ClientChanges } from '../features/helper.ts'
import { codeVerifier, type Idp } from '../helper.ts'
import { proveGroup, SignedIn, startFaultyIdp } from './helper.ts'

type Answer = Awaited<ReturnType<Idp['redeem']>>
type Row = { parameters?: Record<string, unknown>, used: boolean, prove: (t: Test, answer: Answer, tookMs: number) => void }

const members = ['access_token', 'expires_in', 'id_token', 'refresh_token', 'scope', 'token_type']

const rows: Record<string, Row | 'on a socket'> = {
  'token-endpoint-server-error': {
    used: false,
    prove: (t, { statusCode, headers, body }) => {
      t.equal(statusCode, 500)
      t.match(headers['content-type'], 'text/plain')
      t.equal(body, 'Internal Server Error\n')
    }
  },
  'token-endpoint-too-many-requests': {
    parameters: { retryAfterSeconds: 17 },
    used: false,
    prove: (t, { statusCode, headers, body }) => {
      t.equal(statusCode, 429)
      t.equal(headers['retry-after'], '17')
      t.equal(body, 'Too Many Requests\n')
    }
  },
  'token-endpoint-timeout': 'on a socket',
  'token-endpoint-invalid-grant': {
    used: false,
    prove: (t, answer) => {
      t.equal(answer.statusCode, 400)
      t.match(answer.headers['content-type'], 'application/json')
      t.equal(answer.json().error, 'invalid_grant')
    }
  },
  'token-endpoint-truncated-json': {
    used: true,
    prove: (t, { statusCode, headers, body }) => {
      t.equal(statusCode, 200)
      t.match(headers['content-type'], 'application/json')
      t.match(body, /^\{"access_token":"/)
      t.throws(() => JSON.parse(body), 'it breaks off')
    }
  },
  'token-endpoint-wrong-content-type': {
    used: true,
    prove: (t, answer) => {
      t.equal(answer.statusCode, 200)
      t.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
      t.same(Object.keys(JSON.parse(answer.body)).sort(), members)
    }
  },
  'token-endpoint-slow': {
    parameters: { delaySeconds: 0.2 },
    used: true,
    prove: (t, answer, tookMs) => {
      t.match(answer.headers['content-type'], 'application/json')
      t.same(Object.keys(answer.json()).sort(), members)
      t.ok(tookMs > 190, 'as late as is asked for')
    }
  }
}

proveGroup(t, 'token-endpoint', rows, async (t, fault, row) => {
  if (row === 'on a socket') return await hangUpOn(t, fault)
  const { idp, lab } = await startFaultyIdp(t)
  const alice = await SignedIn.as(idp)
  await lab.faults.switchOn(fault, { count: 1, parameters: row.parameters ?? {} })

  const code = (await alice.authorize()).get('code')!
  const start = performance.now()
  const answer = await idp.redeem(idp.relyingParty, code)
  row.prove(t, answer, performance.now() - start)
  t.equal(answer.headers['content-length'], String(Buffer.byteLength(answer.body)), 'content-length is right')
  t.match(answer.headers['cache-control'], 'no-store')

  const again = await idp.redeem(idp.relyingParty, code)
  t.equal(again.statusCode, row.used ? 400 : 200, row.used ? 'the code is used' : 'the code can still be used')
  t.equal((await alice.redeem()).statusCode, 200, 'another one is good')
})

/** No answer until the time is over, and then none either. */
async function hangUpOn (t: Test, fault: string) {
  const { idp, lab } = await startFaultyIdp(t)
  const url = `${await idp.app.listen({ host: '127.0.0.1', port: 0 })}/token`
  const code = (await (await SignedIn.as(idp)).authorize()).get('code')!
  const redeem = (signal?: AbortSignal) => fetch(url, {
    method: 'POST',
    ...(signal && { signal }),
    headers: { authorization: `Basic ${btoa(`relying-party:${idp.relyingParty.client_secret}`)}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code', code, redirect_uri: idp.relyingParty.redirect_uris[0]!, code_verifier: codeVerifier
    })
  })

  await lab.faults.switchOn(fault, { count: 2, parameters: { seconds: 0.3 } })
  const start = performance.now()
  await t.rejects(redeem(), { cause: { code: 'UND_ERR_SOCKET' } }, 'the connection ends without an answer')
  t.ok(performance.now() - start > 290, 'when the time is over')
  await t.rejects(redeem(AbortSignal.timeout(100)), { name: 'TimeoutError' }, 'a client may give up before')
  t.equal((await redeem()).status, 200, 'the code can still be used')
}

t.test('applies to a refresh too, and leaves the refresh token unused', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const { refresh_token: refreshToken } = await (await SignedIn.as(idp)).tokens(idp.relyingParty, idp.offline)
  for (const [fault, status] of Object.entries({ 'token-endpoint-server-error': 500, 'token-endpoint-invalid-grant': 400 })) {
    await lab.faults.switchOn(fault, { count: 1 })
    t.equal((await idp.refresh(idp.relyingParty, refreshToken!)).statusCode, status)
  }
  t.equal((await idp.refresh(idp.relyingParty, refreshToken!)).statusCode, 200)
})

t.test('refuses a bad request for what is bad about it, and is not used up by it', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const code = (await (await SignedIn.as(idp)).authorize()).get('code')!
  await lab.faults.switchOn('token-endpoint-server-error', { count: 1 })
  t.equal((await idp.redeem(idp.relyingParty, code, { code_verifier: 'x'.repeat(50) })).json().error, 'invalid_grant')
  t.equal((await idp.redeem({ ...idp.relyingParty, client_secret: 'wrong' }, code)).json().error, 'invalid_client')
  t.equal((await idp.redeem(idp.relyingParty, code)).statusCode, 500)
})

t.test('applies to a device too, and leaves its code unused', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const fields = { grant_types: [deviceCodeGrant], redirect_uris: [], post_logout_redirect_uris: [] } satisfies ClientChanges
  const credentials = credentialsOf(await registerShop(idp, fields, 'television'))
  const asked = (await postForm(idp, '/device/auth', { ...credentials, scope: 'openid' })).json()
  const { visitor } = await SignedIn.as(idp)
  await visitor.submit(await visitor.submit(await visitor.open('/device'), { user_code: asked.user_code }, 'Continue'), {}, 'Connect')

  const poll = () => postForm(idp, '/token', { ...credentials, grant_type: deviceCodeGrant, device_code: asked.device_code })
  await lab.faults.switchOn('token-endpoint-server-error', { count: 1, client: 'television', user: 'alice' })
  t.same([(await poll()).statusCode, (await poll()).statusCode], [500, 200])
})

t.test('does not wait for a client that has hung up', async t => {
  const res = new EventEmitter()
  const waiting = waitUnlessGone({ res } as unknown as KoaContextWithOIDC, 300)
  res.emit('close')
  await t.resolves(waiting)
})
