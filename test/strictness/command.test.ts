import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { startIdp } from '../idp/helper.ts'
import { freePorts, root } from '../helpers/lab.ts'
import { identity, startMockServer } from './providers.ts'

/** `npm run strictness -- <args>`, without npm. */
async function run (args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['scripts/strictness.ts', ...args], { cwd: root, env })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { stdout, stderr, code: code as number | null }
}

const { clientId, clientSecret, redirectUri } = identity
const forMock = ['--client-id', clientId, '--client-secret', clientSecret, '--redirect-uri', redirectUri]

t.test('needs nothing but the issuer for the lab\'s own provider, prints the table and ends with 0', async t => {
  const ports = await freePorts()
  const { app, config } = await startIdp(t, ports)
  await app.listen({ host: config.host, port: config.port })
  const { stdout, stderr, code } = await run([config.issuer], ports)
  t.equal(stderr, '')
  t.match(stdout, `How strict is ${config.issuer}?`)
  t.match(stdout, /^ {2}unregistered redirect_uri refused +yes {2}page of the provider, 400$/m)
  t.match(stdout, 'Compared: 15 yes, 0 no. Further: 23 yes, 0 no.')
  t.equal(code, 0)
})

t.test('ends with 1 for a provider that fails, and says what was sent, what is strict and where that is written', async t => {
  const { stdout, stderr, code } = await run([await startMockServer(t), ...forMock])
  t.equal(stderr, '')
  t.match(stdout, /^ {2}unknown client_id refused +NO {3}redirect with a code$/m)
  t.match(stdout, 'no: unknown client_id refused\n    sent: an authorization request with a client_id that nobody registered\n')
  t.match(stdout, 'https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1')
  t.match(stdout, 'Compared: 4 yes, 11 no.')
  t.notMatch(stdout, clientSecret)
  t.notMatch(stdout, /eyJ/, 'no token')
  t.equal(code, 1)
})

t.test('says the same as JSON, for other programs', async t => {
  const issuer = await startMockServer(t)
  const { stdout, code } = await run([issuer, ...forMock, '--json'])
  const { rows, ...rest } = JSON.parse(stdout) as { rows: Record<string, unknown>[] }
  t.same(rest, { issuer, passed: false })
  t.same(Object.keys(rows[0]!).sort(), ['compared', 'demand', 'name', 'seen', 'sends', 'specification', 'verdict'])
  t.match(rows[0], { name: 'unregistered redirect_uri refused', verdict: 'no', compared: true })
  t.equal(code, 1)
})

t.test('explains itself', async t => {
  const { stdout, code } = await run(['--help'])
  t.match(stdout, 'npm run strictness -- <issuer> [options]')
  t.match(stdout, '--client-secret <secret>')
  t.equal(code, 0)
})

t.test('ends with 2 for a mistake in its use, and says how it is used', async t => {
  const { stdout, stderr, code } = await run(['http://localhost:1', '--secret', 'x'])
  t.equal(stdout, '')
  t.match(stderr, 'Unknown option \'--secret\'')
  t.match(stderr, 'npm run strictness -- <issuer> [options]')
  t.equal(code, 2)
})

t.test('ends with 2 in one line where nothing answers', async t => {
  const issuer = `http://idp.localhost:${(await freePorts()).IDP_PORT}`
  const { stdout, stderr, code } = await run([issuer, ...forMock])
  t.equal(stdout, '')
  t.match(stderr, `${issuer} is no OpenID Provider that can be reached: fetch failed, connect ECONNREFUSED`)
  t.equal(stderr.trim().split('\n').length, 1)
  t.equal(code, 2)
})
