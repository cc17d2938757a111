// The package as others have it: packed, installed without a network, and used in a folder that knows nothing of this repository.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { noSignals, runNode } from '../helpers/command.ts'
import { installKit } from '../helpers/installed-kit.ts'
import { freePorts, root } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'
import { neededNode } from './needed-node.ts'

const consumer = await installKit(t)
const installed = join(consumer, 'node_modules', 'oidc-messenger-lab')
const command = join(installed, 'test', 'kit', 'oidc-messenger-lab.js')
const { LAB_URL: _none, ...env } = process.env

/** On what it is to run: this Node, and the oldest that the package says it runs on. */
const oldest = process.env['OLDEST_NODE']
const nodes = [
  { version: process.versions.node.split('.')[0]!, node: process.execPath, skip: false },
  { version: neededNode, node: oldest ?? '', skip: oldest === undefined && `OLDEST_NODE names no Node ${neededNode}` }
]

for (const { version, node, skip } of nodes) {
  t.test(`on Node ${version} a suite of somebody else gets the whole lab, moves its clock and not their own, and starts ten at once`, { skip }, async t => {
    writeFileSync(join(consumer, 'suite.test.js'), `
      import assert from 'node:assert/strict'
      import { after, test } from 'node:test'
      import { startLab } from 'oidc-messenger-lab'
      import description from 'oidc-messenger-lab/openapi.json' with { type: 'json' }

      const lab = await startLab()
      after(() => lab.stop())

      test('clock', async () => {
        const before = Date.now()
        const realm = await lab.realm({ clients: { shop: { redirect_uris: ['http://localhost:8080/callback'] } } })
        assert.equal((await realm.clock.advance({ hours: 1 })).offsetSeconds, 3_600)
        assert.ok(Date.now() - before < 1_800_000)
        assert.match(String(Date), /native code/)
        assert.match(process.version, /^v${version.replace('.', '[.]')}[.]/)
        await realm.remove()
      })
      test('application', async () => {
        const { cookies } = await lab.root.signedIn('alice', { through: lab.app + '/login' })
        assert.ok(cookies.some(({ name }) => name === 'session'))
        await lab.root.saw({ endpoint: 'token', user: 'alice' }, { times: 1 })
      })
      test('pages and scripts', async () => {
        const urls = [lab.app, lab.console + '/live', lab.genesys.url + '/desk', lab.genesys.url + '/genesys-bootstrap/genesys.min.js']
        for (const url of urls) assert.equal((await fetch(url)).status, 200, url)
      })
      test('description', () => assert.ok(description.paths['/lab/users'].get))
      test('ten', async () => {
        const labs = await Promise.all(Array.from({ length: 10 }, () => startLab({ services: ['idp'] })))
        assert.equal(new Set(labs.map(({ issuer }) => issuer)).size, 10)
        for (const { issuer } of labs) assert.equal((await (await fetch(issuer + '/.well-known/openid-configuration')).json()).issuer, issuer)
        await Promise.all(labs.map(lab => lab.stop()))
      })
    `)
    const suite = runNode(t, ['--test', 'suite.test.js'], { node, cwd: consumer, env })
    t.equal(await suite.exit, 0, suite.output())
  })

  t.test(`on Node ${version} a consumer that is ended by kill -9 leaves no process behind after 2 seconds`, { skip: skip || noSignals }, async t => {
    const program = "import { startLab } from 'oidc-messenger-lab'; const lab = await startLab(); console.log(`at ${lab.issuer}`); setInterval(() => {}, 1_000)"
    const run = runNode(t, ['--input-type=module', '--eval', program], { node, cwd: consumer, env })
    await run.says(/at http/)
    const started = processes().filter(({ parent }) => parent === run.pid)
    t.match(started, [{ command: /lab-process/ }], 'one process runs the lab')
    run.kill('SIGKILL')
    const since = Date.now()
    await until('the lab has ended', () => !processes().some(({ pid }) => started.some(lab => lab.pid === pid)))
    t.ok(Date.now() - since < 2_000)
  })
}

t.test('exec gives one lab to the workers of a suite, in which twenty realms do not see each other', async t => {
  const workers = Array.from({ length: 4 }, (_none, worker) => `worker-${worker}.test.js`)
  for (const worker of workers) {
    writeFileSync(join(consumer, worker), `
      import assert from 'node:assert/strict'
      import { test } from 'node:test'
      import { startLab } from 'oidc-messenger-lab'

      const lab = await startLab()
      assert.equal(lab.how, 'url')
      assert.deepEqual([lab.issuer, lab.app, lab.genesys.url, lab.console], ['ISSUER', 'APP_URL', 'GENESYS_URL', 'LAB_URL'].map(name => process.env[name]))
      for (let realm = 0; realm < 5; realm++) {
        test('realm ' + realm, { concurrency: true }, async () => {
          const name = '${worker.split('.')[0]}-' + realm
          const own = await lab.realm({ users: { [name]: {} } })
          await own.faults.on('id-token-invalid-nonce', { user: name })
          assert.deepEqual((await own.users.list()).map(({ username }) => username), [name])
          assert.deepEqual((await own.faults.active()).map(({ username }) => username), [name])
        })
      }
    `)
  }
  const suite = runNode(t, [command, 'exec', '--', process.execPath, '--test', ...workers], { cwd: consumer, env })
  t.equal(await suite.exit, 0, suite.output())
  t.match(suite.output(), /pass 20\b/)
})

t.test('exec ends as its command does, and says why it could not begin', async t => {
  const ended = async (...args: string[]) => {
    const run = runNode(t, [command, 'exec', ...args], { cwd: consumer, env })
    return { code: await run.exit, output: run.output() }
  }
  t.match(await ended('--', process.execPath, '--eval', 'process.exit(7)'), { code: 7, output: '' })
  t.match(await ended('IDP_PORT=none', '--', process.execPath, '--version'), { code: 1, output: /IDP_PORT: is malformed/ })
  t.match(await ended('IDP_PORT=4001'), { code: 2, output: /A command is needed/ })
  if (!noSignals) {
    t.match(await ended('--', process.execPath, '--eval', "process.kill(process.pid, 'SIGTERM')"), { code: 'SIGTERM' })
    t.match(await ended('--', 'there-is-no-such-command'), { code: 127, output: /There is no command there-is-no-such-command/ })
  }
})

t.test('the command starts the whole lab, and the doctor has nothing to say about that, but about a secret that is wrong', { skip: noSignals }, async t => {
  const ports = await freePorts()
  const lab = runNode(t, [command, ...Object.entries(ports).map(([name, port]) => `${name}=${port}`)], { cwd: consumer, env })
  await lab.says(/The lab is ready[^]*alice-lab/)
  const doctor = runNode(t, [command, 'doctor'], { cwd: consumer, env: { ...env, ...ports } })
  t.equal(await doctor.exit, 0, doctor.output())
  t.match(doctor.output(), /Nothing needs to be changed/)
  const wrong = runNode(t, [command, 'doctor'], { cwd: consumer, env: { ...env, ...ports, OIDC_CLIENT_SECRET: 'not-the-secret-of-this-client' } })
  t.equal(await wrong.exit, 1, wrong.output())
  t.match(wrong.output(), /OIDC_CLIENT_SECRET/)
  lab.kill('SIGTERM')
  t.equal(await lab.exit, 0)
  t.notOk(existsSync(join(consumer, '.lab')), 'it has left nothing behind')
})

t.test('each command has its help, in words of the package; one that there is not has advice', async t => {
  for (const name of ['exec', 'examine', 'doctor', 'strictness']) {
    const help = runNode(t, [command, name, '--help'], { cwd: consumer, env })
    t.equal(await help.exit, 0)
    t.match(help.output(), new RegExp(`oidc-messenger-lab ${name}`))
    t.notMatch(help.output(), /npm run/)
  }
  const mistake = runNode(t, [command, 'doctr'], { cwd: consumer, env })
  t.equal(await mistake.exit, 2)
  t.match(mistake.output(), /no command “doctr”; did you mean doctor/)
})

t.test('a Node that is too old is told so', async t => {
  const old = `data:text/javascript,${encodeURIComponent("Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.18.9' } })")}`
  const run = runNode(t, ['--import', old, command], { cwd: consumer, env })
  t.equal(await run.exit, 1)
  t.match(run.output(), /^oidc-messenger-lab needs Node 22\.19 or newer/)
})

t.test('its types hold in the strictest project, without a type of anybody else, and know the names of faults', async t => {
  writeFileSync(join(consumer, 'types.ts'), `
    import { startLab, type FaultName, type Guest, type LabOptions, type LedgerPage, type MessengerSettings, type Realm, type StorageState, type User } from 'oidc-messenger-lab'
    export * from 'oidc-messenger-lab'

    const options: LabOptions = { services: ['idp'], ports: { idp: 4001 }, settings: { BRAND: 'bank' } }
    await using lab = await startLab(options)
    await using realm: Realm = await lab.realm({ clients: { shop: { redirect_uris: ['http://localhost:8080/callback'] } }, users: { zoe: { claims: { groups: ['staff'] } } } })
    export const user: User = await realm.users.get('zoe')
    const fault: FaultName = 'id-token-invalid-nonce'
    await realm.faults.once(fault, { client: 'shop' })
    // @ts-expect-error: a slip of the hand
    await realm.faults.once('id-token-invalid-nonc')
    // @ts-expect-error: there is no such part
    await startLab({ services: ['ldp'] })
    export const state: StorageState = await realm.signedIn('zoe', { through: 'http://localhost:8080/login' })
    export const { entries: [entry] }: LedgerPage = await realm.saw({ endpoint: 'token', client: 'shop' }, { times: 1, within: 2 })
    export const status: number | undefined = entry?.status
    await using guest: Guest = await lab.genesys.guest('zoe', { deployment: 'step-up' })
    export const heard: string = await (await lab.genesys.desk.take(guest)).hears(/help/, { within: 1 })
    export const { scriptUrl, deploymentId }: MessengerSettings = await lab.genesys.messenger()
  `)
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2022'],
      types: [],
      noEmit: true
    },
    files: ['types.ts']
  }))
  const compiler = runNode(t, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', consumer], { cwd: consumer, env })
  t.equal(await compiler.exit, 0, compiler.output())
})

t.test('what is in it is what runs, with its types, sources and licence', async t => {
  const files = globSync('**/*', { cwd: installed, withFileTypes: true }).filter(entry => entry.isFile()).map(({ name }) => name)
  t.match(files, { length: /\d{3,4}/ })
  t.strictSame(files.filter(name => /\.test\.|^tsconfig|^Dockerfile$|(?<!\.d)\.ts$/.test(name)), [], 'no test, no source beside its JavaScript')
  t.match(readFileSync(join(installed, 'LICENSE'), 'utf8'), /^MIT License/)
  const program = "import { startLab } from 'oidc-messenger-lab'; await startLab({ settings: { BRAND: 'none' } })"
  const failing = runNode(t, ['--enable-source-maps', '--input-type=module', '--eval', program], { cwd: consumer, env })
  t.equal(await failing.exit, 1)
  t.match(failing.output(), /start-process\.ts:\d+/, 'a stack leads to the source')
  const line = Number(/start-process\.ts:(\d+)/.exec(failing.output())?.[1])
  t.match(readFileSync(join(root, 'test', 'kit', 'start-process.ts'), 'utf8').split('\n')[line - 1], /throw new Error/)
})

t.test('npm would publish it as it is, without a warning, and without a network', async t => {
  // Nobody is at that port: the registry is not to be reached, whatever the machine has for one.
  const { status, stdout, stderr } = spawnSync('npm', ['publish', installed, '--dry-run', '--offline', '--loglevel', 'notice', '--registry', 'http://127.0.0.1:9'], {
    cwd: consumer, encoding: 'utf8', shell: process.platform === 'win32'
  })
  t.equal(status, 0, stderr)
  t.match(stdout, /^\+ oidc-messenger-lab@\d/m)
  t.strictSame(stderr.match(/^npm (?:warn|error) (?!publish This command requires you to be logged in).*/gm) ?? [], [])
})

/** What the system says of all that runs; not of what has ended, and has not been taken note of by its parent. */
const processes = () => execFileSync('ps', ['-eo', 'stat=,pid=,ppid=,args='], { encoding: 'utf8' }).split('\n').filter(line => line !== '' && !line.startsWith('Z')).map(line => {
  const [, pid, parent, ...command] = line.trim().split(/ +/)
  return { pid: Number(pid), parent: Number(parent), command: command.join(' ') }
})
