import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { readOptions } from '../../scripts/strictness/strictness-options.ts'
import { compileCache, freePorts, root } from '../helpers/lab.ts'
import { startIdp } from '../idp/helper.ts'
import { identity, startMockServer } from './providers.ts'

const lab = 'http://idp.localhost:3001'
const other = ['https://idp.example', '--client-id', 'c', '--redirect-uri', 'https://app.example/cb']
const relyingParty = {
  clientId: 'relying-party',
  clientSecret: 'lab-only-secret-of-the-relying-party',
  redirectUri: 'http://app.localhost:3000/callback'
}

t.test('takes client, user and second client of the lab for the lab\'s own provider and its realms', async t => {
  for (const issuer of [lab, `${lab}/realms/first`]) {
    t.match(readOptions([issuer], {}), {
      issuer,
      identity: { ...relyingParty, username: 'alice', password: 'alice-lab', secondUser: { username: 'bob' }, second: { clientId: 'genesys-messenger' } }
    })
  }
})

t.test('follows the variables that move the lab', async t => {
  const { identity } = readOptions(['http://idp.localhost:4201'], { IDP_PORT: '4201', APP_PORT: '4200' })
  t.equal(identity.redirectUri, 'http://app.localhost:4200/callback')
  t.throws(() => readOptions([lab], { IDP_PORT: '4201' }), { name: 'UsageError' }, 'and then the lab is not where it was')
})

t.test('takes the values of its options, and none of the lab\'s for another provider', async t => {
  const client = { clientId: 'c', redirectUri: 'https://app.example/cb' }
  const nothing = { clientSecret: undefined, username: undefined, password: undefined, secondUser: undefined, second: undefined }
  t.same(readOptions(other, {}).identity, { ...client, ...nothing })

  const more = [
    '--client-secret', 's', '--username', 'u', '--password', 'p',
    '--second-username', 'v', '--second-password', 'q', '--second-client-id', 'd', '--second-client-secret', 't', '--json'
  ]
  t.same(readOptions([...other, ...more], {}), {
    json: true,
    issuer: 'https://idp.example',
    identity: { ...client, clientSecret: 's', username: 'u', password: 'p', secondUser: { username: 'v', password: 'q' }, second: { clientId: 'd', clientSecret: 't' } }
  })
})

t.test('does not give one client the secret of another', async t => {
  const { identity } = readOptions([lab, ...other.slice(1), '--second-client-id', 'd', '--username', 'u'], {})
  t.equal(identity.clientSecret, undefined)
  t.equal(identity.second?.clientSecret, undefined)
  t.equal(identity.password, undefined)
})

const mistakes: [string, string[], string, Record<string, string>?][] = [
  ['no issuer', [], 'One issuer is needed.'],
  ['two issuers', ['http://localhost:1', 'http://localhost:2'], 'One issuer is needed.'],
  ['an issuer that is no URL', ['idp.localhost'], 'idp.localhost is no http or https URL.'],
  ['an option that there is not', [lab, '--secret', 'x'], 'Unknown option \'--secret\''],
  ['another provider and no client', ['http://localhost:1'], 'needed: http://localhost:1 is not the lab\'s own provider.'],
  ['a client without its redirect URI', [lab, '--client-id', 'x'], '--client-id and --redirect-uri are needed together.'],
  ['a redirect URI that is no URL', [lab, '--client-id', 'x', '--redirect-uri', '/cb'], '--redirect-uri /cb is no URL.'],
  ['a variable that is malformed', [lab], 'IDP_PORT: is malformed', { IDP_PORT: 'abc' }]
]
for (const [label, args, message, env] of mistakes) {
  t.test(`refuses ${label} with a message of its own`, async t => {
    t.throws(() => readOptions(args, env ?? {}), { name: 'UsageError', message })
  })
}

/** `npm run strictness -- <args>`, without npm. */
async function run (args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['scripts/strictness.ts', ...args], { cwd: root, env: { ...compileCache(), ...env } })
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
  t.match(stdout, /^ {2}yes {2}unregistered redirect_uri refused +page of the provider, 400$/m)
  t.match(stdout, 'Compared: 16 yes, 0 no. Further: 23 yes, 0 no.')
  t.equal(code, 0)
})

t.test('ends with 1 for a provider that fails, and says what was sent, what is strict and where that is written', async t => {
  const { stdout, stderr, code } = await run([await startMockServer(t), ...forMock])
  t.equal(stderr, '')
  t.match(stdout, new RegExp('^ {2}NO {3}unknown client_id refused +redirect with a code\n' +
    ' {7}sent: an authorization request with a client_id that nobody registered\n {7}strict: Shows an error itself, .+\n' +
    ' {7}https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1$', 'm'))
  t.match(stdout, 'Compared: 3 yes, 12 no, 1 not applicable.')
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
