import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { startEmbeddedLab } from '../helpers/embedded-lab.ts'
import { root } from '../helpers/lab.ts'
import { alone } from './helper.ts'

/** `npm run doctor -- <args>`, without npm. */
async function run (args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['scripts/doctor.ts', ...args], { cwd: root, env })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { stdout, stderr, code: code as number | null }
}

t.test('needs nothing but the ports for the lab, prints the table and ends with 0', async t => {
  const lab = await startEmbeddedLab(t, { LOG_LEVEL: 'silent' })
  const { APP_PORT, IDP_PORT, GENESYS_PORT } = lab.settings as Record<string, string>
  const { stdout, stderr, code } = await run([], { APP_PORT: APP_PORT!, IDP_PORT: IDP_PORT!, GENESYS_PORT: GENESYS_PORT! })
  t.equal(stderr, '')
  t.match(stdout, /^ {2}ok +redirect URI +http:\/\/app\.localhost:\d+\/callback is registered for relying-party$/m)
  t.match(stdout, /^\d+ ok, 0 warnings, 0 problems, 3 skipped\. Nothing needs to be changed\.$/m)
  t.notMatch(stdout, lab.settings['OIDC_CLIENT_SECRET'])
  t.notMatch(stdout, lab.settings['SESSION_KEY'])
  t.equal(code, 0)
})

t.test('ends with 1 where there are problems, says what to change, and folds what was skipped for one reason', async t => {
  const { stdout, stderr, code } = await run([], alone)
  t.equal(stderr, '')
  t.match(stdout, /^ {2}PROBLEM {2}discovery document +nothing listens at idp\.localhost:2 .*\n +→ start it, or correct the URL/m)
  t.match(stdout, /^ {2}skipped {2}21 checks +there is no discovery document$/m)
  t.match(stdout, 'What needs to be changed is at the arrows.')
  t.equal(code, 1)
})

t.test('says the same as JSON, for other programs', async t => {
  const { stdout, code } = await run(['--json'], alone)
  const { rows, ...rest } = JSON.parse(stdout) as { rows: Record<string, unknown>[] }
  t.same(rest, { app: 'http://app.localhost:2', issuer: 'http://idp.localhost:2', passed: false })
  const discovery = rows.find(({ name }) => name === 'discovery document')
  t.match(discovery, { section: 'Provider http://idp.localhost:2', verdict: 'problem', seen: String, change: String })
  t.equal(code, 1)
})

t.test('takes settings from a file in place of the lab\'s, and variables before those of the file', async t => {
  const files = t.testdir({
    'settings.env': 'SESSION_KEY=too-short\nOIDC_CLIENT_SECRET=from-the-file-of-settings\nOIDC_CLIENT_ID=of-the-file\n',
    'secret.txt': 'from-a-file-of-its-own\n'
  })
  const { stdout } = await run(['--settings', `${files}/settings.env`], { OIDC_CLIENT_SECRET_FILE: `${files}/secret.txt` })
  t.match(stdout, 'SESSION_KEY: is malformed')
  t.match(stdout, 'GENESYS_CLIENT_ID: is missing', 'the lab\'s are not taken')
  t.notMatch(stdout, 'OIDC_CLIENT_ID')
  t.notMatch(stdout, 'OIDC_CLIENT_SECRET', 'it is set once, though in two ways')
  const other = await run(['--settings', `${files}/settings.env`], { SESSION_KEY: '0'.repeat(64) })
  t.notMatch(other.stdout, 'SESSION_KEY')
})

t.test('explains itself', async t => {
  const { stdout, code } = await run(['--help'])
  t.match(stdout, 'npm run doctor -- [options]')
  t.match(stdout, '--settings <file>')
  t.equal(code, 0)
})

t.test('ends with 2 for a mistake in its use, and says how it is used', async t => {
  const mistakes: [string, string][] = [
    ['--secret=x', 'Unknown option \'--secret\''],
    ['more', 'Unexpected argument'],
    ['--settings=nowhere.env', 'The file of settings cannot be read: ENOENT']
  ]
  for (const [argument, message] of mistakes) {
    const { stdout, stderr, code } = await run([argument])
    t.equal(stdout, '')
    t.match(stderr, message)
    t.match(stderr, 'npm run doctor -- [options]')
    t.equal(code, 2)
  }
})
