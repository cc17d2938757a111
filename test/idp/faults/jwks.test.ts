import type { JWK } from 'jose'
import t, { type Test } from 'tap'
import { fetch } from '#lib/outbound.ts'
import { jwksOf, proveGroup, SignedIn, startFaultyIdp, stopTheClock, type FaultyIdp } from './helper.ts'

type Row = (t: Test, faulty: FaultyIdp, fault: string) => Promise<unknown>

type Answer = Awaited<ReturnType<FaultyIdp['idp']['app']['inject']>>

const whenFetched = (prove: (t: Test, answer: Answer, clean: { keys: JWK[] }) => void): Row =>
  async (t, { idp, lab }, fault) => {
    const clean = await jwksOf(idp)
    await lab.faults.switchOn(fault, { count: 1 })
    prove(t, await idp.app.inject('/jwks'), clean)
    t.same(await jwksOf(idp), clean, 'the next one is as it was')
  }

const rows: Record<string, Row> = {
  'jwks-empty': whenFetched((t, answer) => {
    t.equal(answer.statusCode, 200)
    t.match(answer.headers['content-type'], 'application/jwk-set+json')
    t.same(answer.json(), { keys: [] })
  }),
  'jwks-unparsable-key': whenFetched((t, answer, clean) => {
    t.match(answer.headers['content-type'], 'application/jwk-set+json')
    const { keys } = answer.json() as { keys: JWK[] }
    t.same(keys.slice(3), clean.keys, 'the good keys come last')
    t.match(keys.slice(0, 3), [{ kty: 'lab' }, { kty: 'AKP', alg: 'ML-DSA-9999' }, { kty: 'RSA', e: 'AQAB' }])
    t.notOk('n' in keys[2]!, 'an RSA key without a modulus')
    t.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length, 'each has a kid of its own')
  }),
  'jwks-server-error': whenFetched((t, { statusCode, headers, body }) => {
    t.equal(statusCode, 500)
    t.match(headers['content-type'], 'text/plain')
    t.equal(body, 'Internal Server Error\n')
  }),
  'jwks-unreachable': async (t, { idp, lab }, fault) => {
    const url = `${await idp.app.listen({ host: '127.0.0.1', port: 0 })}/jwks`
    await lab.faults.switchOn(fault)
    await t.rejects(fetch(url), { cause: { code: 'UND_ERR_SOCKET' } }, 'the connection ends without an answer')
    await lab.faults.switchOff(fault)
    t.equal((await fetch(url)).status, 200, 'and then there is an answer again')
  },
  'jwks-slow': async (t, { idp, lab }, fault) => {
    const clean = await jwksOf(idp)
    await lab.faults.switchOn(fault, { count: 1, parameters: { delaySeconds: 0.2 } })
    const start = performance.now()
    t.same(await jwksOf(idp), clean)
    t.ok(performance.now() - start > 190, 'as late as is asked for')
  },
  'jwks-rotated-before-signing': async (t, { idp, lab }, fault) => {
    stopTheClock(t)
    const alice = await SignedIn.as(idp)
    const clean = await alice.claims()
    const before = await jwksOf(idp)
    await lab.faults.switchOn(fault, { count: 1 })
    const token = await alice.claims()
    const { keys } = await jwksOf(idp)
    t.not(token.header['kid'], clean.header['kid'], 'signed with a new key')
    t.same(token.payload, clean.payload)
    t.same(keys.map(({ kid }) => kid).sort(), [token.header['kid'], before.keys[0]!.kid].sort(), 'both are published')
    t.same(await alice.claims(), token, 'and so is the next one: no other rotation')
  },
  'jwks-rotated-between-sign-ins': async (t, { idp, lab }, fault) => {
    stopTheClock(t)
    const alice = await SignedIn.as(idp)
    const clean = await alice.claims()
    await lab.faults.switchOn(fault, { count: 1 })
    t.same(await alice.claims(), clean, 'this one is as it was')
    const next = await alice.claims()
    t.not(next.header['kid'], clean.header['kid'], 'the next one is signed with a new key')
    t.same((await jwksOf(idp)).keys.map(({ kid }) => kid).sort(), [clean.header['kid'], next.header['kid']].sort())
  }
}

proveGroup(t, 'jwks', rows, async (t, fault, prove) => await prove(t, await startFaultyIdp(t), fault))
