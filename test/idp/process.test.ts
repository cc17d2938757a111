import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { fetch } from '#lib/outbound.ts'
import { noSignals } from '../helpers/command.ts'
import { freePorts, labSettings, root } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

/** `services/idp/server.ts` as a process of its own, with these settings and no others. */
function run (t: Test, settings: Record<string, string>) {
  const child = spawn(process.execPath, ['services/idp/server.ts'], {
    cwd: root, env: labSettings({ STATE_DIR: settings['STATE_DIR'] ?? t.testdir({}), LOG_FORMAT: 'json', ...settings })
  })
  t.teardown(() => { child.kill('SIGKILL') })
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return {
    child,
    ended: async () => {
      const [stdout, stderr, [code]] = await output
      return { stdout, stderr, code: code as number | null }
    }
  }
}

t.test('starts, answers and ends without a word of oidc-provider on its console', { skip: noSignals }, async t => {
  const ports = await freePorts()
  const { child, ended } = run(t, ports)
  const url = `http://idp.localhost:${ports.IDP_PORT}`
  await until('it answers', async () => (await fetch(`${url}/readyz`)).ok)
  await fetch(`${url}/.well-known/openid-configuration`)
  await fetch(`${url}/auth`)
  await fetch(`${url}/token`, { method: 'POST' })
  child.kill('SIGTERM')

  const { stdout, stderr, code } = await ended()
  t.equal(stderr, '')
  t.notMatch(stdout, /oidc-provider|WARNING|NOTICE/)
  const lines = stdout.trim().split('\n').map(line => JSON.parse(line) as { level: number, msg: string })
  t.ok(lines.some(({ msg }) => msg.includes(url)), 'says where it is ready')
  t.same(lines.filter(({ level }) => level >= 40), [], 'no warning in its own log either')
  t.equal(code, 0, 'a request to stop is no failure')
})

const mistakes: [string, (t: Test) => Record<string, string>, string[]][] = [
  ['settings that are wrong', () => ({ OIDC_CLIENT_SECRET: '', IDP_PORT: 'abc' }), [
    '  IDP_PORT: is malformed; it must be a TCP port',
    '  OIDC_CLIENT_SECRET: is missing; it must be a secret of at least 16 characters',
    'idp cannot start, settings are wrong:'
  ]],
  ['a mistake in a file', t => ({
    USERS_FILE: join(t.testdir({ 'users.yaml': '- username: ann' }), 'users.yaml'),
    STATE_DIR: t.testdirName
  }), [
    '  entry 1 (ann), field claims: is missing',
    '  entry 1 (ann), field password: is missing',
    '  entry 1 (ann), field sub: is missing',
    'users.yaml has 3 mistakes:'
  ]]
]
for (const [label, settings, lines] of mistakes) {
  t.test(`does not start with ${label}, and says so in one message`, async t => {
    const { stdout, stderr, code } = await run(t, settings(t)).ended()
    t.equal(code, 1)
    t.equal(stdout, '')
    t.same(stderr.trim().split('\n').sort(), lines)
  })
}

t.test('does not start with a file that is not there, and says which, without a stack', async t => {
  const { stderr, code } = await run(t, { USERS_FILE: '/nowhere/users.yaml' }).ended()
  t.equal(code, 1)
  t.match(stderr, '/nowhere/users.yaml')
  t.notMatch(stderr, /^ {4}at /m)
})

t.test('does not start on a port that is taken, and says what to do', async t => {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { server.close() })
  const { port } = server.address() as AddressInfo
  const { stderr, code } = await run(t, { IDP_PORT: String(port) }).ended()
  t.equal(code, 1)
  t.match(stderr.trim(), `port ${port} is taken`)
  t.match(stderr.trim(), 'IDP_PORT')
  t.equal(stderr.trim().split('\n').length, 1)
})
