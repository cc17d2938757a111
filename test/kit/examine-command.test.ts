import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { load } from 'cheerio'
import t, { type Test } from 'tap'
import { register } from '../foreign-relying-party/application.ts'
import { noSignals, runNode } from '../helpers/command.ts'
import { freePorts, root } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { careless } from './fixtures/careless-application.ts'
import { startLab } from './index.ts'

const lab = await startLab({ services: ['idp'] })
t.teardown(() => lab.stop())
const command = join(root, 'test', 'kit', 'oidc-messenger-lab.js')
const { LAB_URL: _none, ...env } = process.env
const program = join('test', 'kit', 'fixtures', 'express-application.ts')

t.jobs = 2

async function examine (t: Test, args: string[], settings: Record<string, string> = {}) {
  const run = runNode(t, [command, 'examine', ...args], { cwd: root, env: { ...env, ...settings } })
  return { code: await run.exit, output: run.output() }
}

/** An application that runs already, and has a realm of the lab that runs already. */
async function startCareless (t: Test) {
  const realm = await lab.realm({ users: { ada: {} }, clients: {} })
  t.teardown(() => realm.remove())
  const application = careless({ withWrongNonce: 'accept' })
  const { origin, serve } = await application.host(t)(realm.name)
  serve(await register(realm, { issuer: realm.issuer, origin, ...application }))
  const args = ['--start', `${origin}/login`, '--session', `${origin}/`, '--signed-in', '"signedIn":true', '--client-id', 'foreign', '--issuer', realm.issuer]
  return { realm, origin, args, settings: { LAB_URL: lab.console } }
}

t.test('an application that runs with a lab that runs is examined from the command line, and what failed is written down', async t => {
  const { realm, args, settings } = await startCareless(t)
  const folder = join(temporaryFolder(t), 'report')
  const { code, output } = await examine(t, [...args, '--only', 'id-token-invalid-nonce,authorization-error-access-denied', '--report', folder], settings)
  t.equal(code, 1, output)
  t.match(output, /passed +authorization-error-access-denied[^]*failed +id-token-invalid-nonce +refuse +succeed[^]*1 passed, 1 failed, 0 not met, 0 not tried/)
  t.strictSame((await readdir(folder)).sort(), ['examination.json', 'examination.txt', 'examination.xml', 'id-token-invalid-nonce.html'])
  t.match(await readFile(join(folder, 'examination.txt'), 'utf8'), /failed +id-token-invalid-nonce/)
  t.strictSame((await realm.clients.list()).map(({ client_id: id }) => id), ['foreign'], 'the client is still there')
})

t.test('an application that does what is demanded ends the command with 0, in JSON or JUnit\'s XML if that is asked for', async t => {
  const { args, settings } = await startCareless(t)
  const only = ['--only', 'authorization-error-access-denied', '--only', 'id-token', '--except', 'id-token']
  const json = await examine(t, [...args, ...only, '--json'], settings)
  t.equal(json.code, 0, json.output)
  t.match(JSON.parse(json.output.slice(json.output.indexOf('{\n'))), { ok: true, client: 'foreign', rows: [{ fault: 'authorization-error-access-denied' }] })
  const junit = await examine(t, [...args, ...only, '--junit'], settings)
  t.equal(junit.code, 0, junit.output)
  t.match(load(junit.output.slice(junit.output.indexOf('<?xml')), { xml: true })('testsuite').attr(), { tests: '1', failures: '0' })
})

t.test('an application that the command runs finds its registration in its environment, and begins anew for what it keeps', async t => {
  const { APP_PORT: port } = await freePorts()
  const origin = `http://localhost:${port}`
  const metadata = join(temporaryFolder(t), 'client.json')
  await writeFile(metadata, JSON.stringify({ client_name: 'An application on express-openid-connect' }))
  const { code, output } = await examine(t, [
    '--start', `${origin}/login`, '--session', `${origin}/`, '--signed-in', '"signedIn":true', '--refresh', `${origin}/refresh`, '--sign-out', `${origin}/logout`,
    '--metadata', metadata, '--only', 'discovery-html,id-token-invalid-signature,refresh-invalid-iss,end-session-server-error', '--', process.execPath, program
  ], { PORT: port })
  t.equal(code, 1, output)
  t.match(output, /passed +discovery-html +retry +retry\n/)
  t.match(output, /failed +id-token-invalid-signature +refuse +succeed\n/, 'as is known of it')
  t.match(output, /end-session-server-error +succeed +succeed\n/)
  await t.rejects(fetch(origin), 'it has ended with the command')
})

t.test('without a command and without a lab, a lab is started, and it is said what the application has to be told', { skip: noSignals }, async t => {
  const { APP_PORT: port, IDP_PORT: idpPort } = await freePorts()
  const origin = `http://localhost:${port}`
  const run = runNode(t, [command, 'examine', '--start', `${origin}/login`, '--session', `${origin}/`, '--signed-in', '"signedIn":true',
    '--only', 'authorization-error-access-denied', `IDP_PORT=${idpPort}`], { cwd: root, env })
  await run.says(new RegExp(`waited for at ${origin}/login`))
  const [, issuer, clientId, secret] = /issuer +(\S+)\n +client_id +(\S+)\n +client_secret +(\S+)\n +redirect_uri +http:..localhost:\d+.callback/.exec(run.output()) ?? []
  t.match(issuer, new RegExp(`:${idpPort}$`))
  runNode(t, [program], { cwd: root, env: { ...env, PORT: port, ISSUER: issuer, CLIENT_ID: clientId, CLIENT_SECRET: secret } })
  t.equal(await run.exit, 0, run.output())
  t.match(run.output(), /1 passed, 0 failed/)
})

t.test('what keeps an application from being examined is said, and the exit code is 2', async t => {
  const { args, origin, settings } = await startCareless(t)
  const mistakes: [string[], RegExp, Record<string, string>?][] = [
    [[], /--start is needed[^]*examine --start <URL>/],
    [['--strat', origin], /--start/],
    [['--start', 'localhost'], /--start localhost is no http/],
    [['--start', origin, '--issuer', 'http://127.0.0.1'], /--issuer is of a lab that runs/],
    [['--start', origin, 'npm', 'start'], /npm is neither an option nor a setting/],
    [['--start', origin, '--signed-in', '('], /--signed-in: .*regular expression/],
    [['--start', origin, '--json', '--junit'], /exclude each other/],
    [[...args, '--only', 'nonsense'], /no group of faults nonsense/, settings],
    [[...args, '--client-id', 'shop'], /sign-in is one of foreign: `client`/, settings],
    [[...args, '--issuer', 'http://127.0.0.1'], /is no issuer of the lab at LAB_URL/, settings],
    [['--start', 'http://127.0.0.1:1', '--', process.execPath, '--eval', 'process.exit(3)'], /has ended with 3 before anybody/],
    [['--start', 'http://127.0.0.1:1', '--wait', '0.2', '--', process.execPath, '--eval', 'setInterval(() => {}, 1e6)'], /Nobody is at .* after 0.2 seconds/]
  ]
  for (const [given, expected, settings] of mistakes) {
    const { code, output } = await examine(t, given, settings)
    t.match(output, expected)
    t.equal(code, 2, given.join(' '))
  }
})
