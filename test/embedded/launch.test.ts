import { createRequire } from 'node:module'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { noSignals, runNode } from '../helpers/command.ts'
import { root } from '../helpers/lab.ts'

const tellsAll = `
  import { spawnSync } from 'node:child_process'
  const { ONE, TWO, THREE } = process.env
  const started = spawnSync('node', ['--version'], { encoding: 'utf8' }).stdout.trim()
  console.log(JSON.stringify({ args: process.argv.slice(2), ONE, TWO, THREE, version: process.version, started }))
`
const waits = `
  process.on('SIGTERM', () => process.exit(7))
  setInterval(() => {}, 1_000)
  console.log('ready')
`

/** Run the launcher, on a Node that has other properties than it really has. */
function launch (t: Test, args: string[], properties: Partial<NodeJS.Process> = {}) {
  const cwd = t.testdir({ 'tells-all.ts': tellsAll, 'waits.ts': waits, 'file.env': 'ONE=of the file\nTWO=of the file' })
  const program = `for (const [name, value] of Object.entries(${JSON.stringify(properties)}))
    Object.defineProperty(process, name, { value: typeof value === 'string' ? value : { ...process[name], ...value } })`
  return runNode(t, ['--import', `data:text/javascript,${encodeURIComponent(program)}`, join(root, 'scripts', 'launch.js'), ...args], {
    cwd, env: { PATH: process.env['PATH'], THREE: 'of the environment' }
  })
}

const old = { versions: { node: '20.1.0' } as NodeJS.ProcessVersions }
const { platform, arch } = process
const ownNode = `node${platform === 'darwin' && arch === 'arm64' ? '-bin' : ''}-${platform === 'win32' ? 'win' : platform}-${arch}`

t.test('settings come as arguments, from the environment and from a file, and win in this order', async t => {
  const command = launch(t, ['--env-file=file.env', 'tells-all.ts', 'ONE=of=the=arguments', '--flag', 'NOT=a setting'])
  t.equal(await command.exit, 0)
  t.match(JSON.parse(command.output()), {
    args: ['--flag', 'NOT=a setting'], ONE: 'of=the=arguments', TWO: 'of the file', THREE: 'of the environment'
  })
})

t.test('the dashes that a package manager passes on are none of the arguments', async t => {
  const command = launch(t, ['tells-all.ts', '--', 'THREE=of the arguments', 'file'])
  t.equal(await command.exit, 0)
  t.match(JSON.parse(command.output()), { args: ['file'], THREE: 'of the arguments' })
})

t.test('a Node that is too old hands over to the one that came with the dependencies', { skip: withoutOwnNode() }, async t => {
  const command = launch(t, ['--env-file=file.env', 'tells-all.ts', 'THREE=of the arguments', 'file'], old)
  t.equal(await command.exit, 0, command.output())
  const { version, started, ...others } = JSON.parse(command.output())
  t.strictSame(others, { args: ['file'], ONE: 'of the file', TWO: 'of the file', THREE: 'of the arguments' })
  t.equal(version, `v${createRequire(import.meta.url)(`${ownNode}/package.json`).version}`)
  t.equal(started, version, 'and so does whatever that starts by the name of node')
})

t.test('what is handed over gets the signals, and its exit code is that of the command', { skip: noSignals || withoutOwnNode() }, async t => {
  const command = launch(t, ['waits.ts'], old)
  await command.says(/ready/)
  command.kill('SIGTERM')
  t.equal(await command.exit, 7)
})

t.test('without such a Node, one sentence says what to install', async t => {
  const command = launch(t, ['tells-all.ts'], { ...old, arch: 'mips' })
  t.equal(await command.exit, 1)
  t.match(command.output(), /^This needs Node 24\.12 or newer, and .+: install one from .+, or run `npm ci`, which brings one.+\n$/)
})

const start = ['scripts/launch.js', '--env-file=services/lab.env', 'services/embedded/server.ts']
const scripts: [string, string[], number, RegExp][] = [
  ['npm start', [...start, '--help'], 0, /^The whole lab in one process: npm start.*APP_PORT/s],
  ['npm start, of a word', [...start, 'quickly'], 2, /^Unexpected argument 'quickly'/],
  ['npm run dev', ['scripts/dev.ts', '--help'], 0, /^Each service in a process of its own/],
  ['npm run dev, of an option that there is not', ['scripts/dev.ts', '--hepl'], 2, /^Unknown option '--hepl'; did you mean --help\?\n\nEach service/],
  ['npm run audit', ['scripts/audit.ts', '--help'], 0, /^Asks the registry/],
  ['npm run audit, of an option that there is not', ['scripts/audit.ts', '--fix'], 2, /^Unknown option '--fix'.*\n\nAsks the registry/],
  ['npm run doctor, of an option that there is not', ['scripts/doctor.ts', '--jsn'], 2, /^Unknown option '--jsn'; did you mean --json\?\n\nChecks .*npm run doctor -- \[options\]/s],
  ['npm run strictness, of an option that there is not', ['scripts/strictness.ts', '--usrname', 'x'], 2, /did you mean --username\?/],
  ['npm run picture', ['scripts/picture.ts', '--help'], 0, /^Makes the README's picture anew/],
  ['npm test', ['scripts/test.ts', '--help'], 0, /^Runs the tests: .*--grep/s],
  ['npm test, of an option that there is not', ['scripts/test.ts', '--quik'], 2, /^Unknown option '--quik'; did you mean --quick\?\n\nRuns the tests: /],
  ['npm test, of a file that there is not', ['scripts/test.ts', 'test/nothing.test.ts'], 2, /^There is no test\/nothing\.test\.ts\n\nRuns the tests: /],
  ['npm run bench', ['scripts/bench.ts', '--help'], 0, /^The benchmarks:/],
  ['npm run bench, of one that there is not', ['scripts/bench.ts', 'pgae'], 2, /^There is no benchmark “pgae”; did you mean page\?\n\nThe/],
  ['npm run bench -- start', ['scripts/bench.ts', 'start', '--help'], 0, /^ {2}--rounds/],
  ['npm run bench -- idp, of one round', ['scripts/bench.ts', 'idp', '--sign-ins=1'], 2, /^--sign-ins must be at least two rounds/],
  ['npm run doctor', ['scripts/doctor.ts', '--help'], 0, /^Checks .*npm run doctor -- \[options\].*--settings <file>/s],
  ['npm run strictness', ['scripts/strictness.ts', '--help'], 0, /^Probes .*npm run strictness -- <issuer> \[options\].*--client-secret <secret>/s]
]
for (const [label, args, code, words] of scripts) {
  t.test(`${label} says what can be asked of it, without a stack`, async t => {
    const command = runNode(t, args, { cwd: root, env: { ...process.env } })
    t.equal(await command.exit, code)
    t.match(command.output(), words)
    t.notMatch(command.output(), /^ {4}at /m)
  })
}

function withoutOwnNode (): string | false {
  try {
    createRequire(import.meta.url).resolve(`${ownNode}/package.json`)
    return false
  } catch {
    return 'no Node came with the dependencies (--omit=optional)'
  }
}
