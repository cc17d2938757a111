import t, { type Test } from 'tap'
import { proveGroup, startFaultyIdp, withChanges, type FaultyIdp } from './helper.ts'

type Answer = Awaited<ReturnType<FaultyIdp['idp']['app']['inject']>>
type Row = (t: Test, faulty: Answer, clean: Answer, tookMs: number) => void

const path = '/.well-known/openid-configuration'

const differsIn = (changes: Record<string, unknown>): Row => (t, faulty, clean) => {
  t.equal(faulty.statusCode, 200)
  t.equal(faulty.headers['content-type'], clean.headers['content-type'])
  t.same(faulty.json(), withChanges(clean.json(), changes))
}

const rows: Record<string, Row> = {
  'discovery-issuer-mismatch': differsIn({ issuer: 'https://elsewhere.example.com' }),
  'discovery-missing-field': differsIn({ jwks_uri: undefined }),
  'discovery-html': (t, { statusCode, headers, body }) => {
    t.equal(statusCode, 200)
    t.equal(headers['content-type'], 'text/html; charset=utf-8')
    t.match(body, /^<!doctype html>/)
  },
  'discovery-server-error': (t, { statusCode, headers, body }) => {
    t.equal(statusCode, 500)
    t.match(headers['content-type'], 'text/plain')
    t.equal(body, 'Internal Server Error\n')
  },
  'discovery-slow': (t, faulty, clean, tookMs) => {
    t.same(faulty.json(), clean.json())
    t.ok(tookMs > 190, 'as late as is asked for')
  }
}

proveGroup(t, 'discovery', rows, async (t, fault, prove) => {
  const { idp: { app }, lab } = await startFaultyIdp(t)
  const clean = await app.inject(path)
  const parameters = fault === 'discovery-slow' ? { delaySeconds: 0.2 } : {}
  await lab.faults.switchOn(fault, { count: 1, parameters })

  const start = performance.now()
  const faulty = await app.inject(path)
  prove(t, faulty, clean, performance.now() - start)
  t.equal(faulty.headers['content-length'], String(Buffer.byteLength(faulty.body)), 'content-length is right')
  t.same((await app.inject(path)).json(), clean.json(), 'the next one is as it was')
})

t.test('leaves out the field that is asked for', async t => {
  const { idp: { app }, lab } = await startFaultyIdp(t)
  const clean = (await app.inject(path)).json()
  for (const field of ['issuer', 'token_endpoint', 'response_types_supported']) {
    await lab.faults.switchOn('discovery-missing-field', { parameters: { field } })
    t.same((await app.inject(path)).json(), withChanges(clean, { [field]: undefined }), field)
  }
})
