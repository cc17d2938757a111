// npm run lab:trust: what it does to the stores of certificates, and what it says.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { authorityFile, labCertificates } from '#lib/tls/lab-certificates.ts'
import { runTask } from '../../scripts/trust/run-task.ts'
import { storesOf, type Machine } from '../../scripts/trust/stores.ts'
import { root } from '../helpers/lab.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { noCertutil } from '../helpers/trust-lab.ts'

const authority = { of: 'a test', name: 'OIDC Messenger Lab ab12cd', file: '/lab/authority.pem', sha1: 'AB12', validTo: new Date() }

/** Run the command, with a home and a state of its own. */
function machineOf (t: Test) {
  const [home, stateFolder] = [temporaryFolder(t), temporaryFolder(t)]
  return {
    home,
    certificates: join(stateFolder, 'tls'),
    run (...args: string[]) {
      const env = { ...process.env, HOME: home, STATE_DIR: stateFolder, COMPOSE_PROJECT_NAME: 'lab-that-nobody-has-started' }
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/trust.ts'), '--browsers-only', ...args], { cwd: root, encoding: 'utf8', env })
      return { status, said: stdout + stderr }
    }
  }
}

t.test('where there is no certificate yet, it says how there will be one', async t => {
  const { status, said } = machineOf(t).run()
  t.equal(status, 2)
  t.match(said, /^There is no certificate yet: it is made at the first start\. Start the lab by `npm start TLS=on`, or by `docker compose -f compose\.yaml -f services.tls\.yaml up`/)
})

t.test('a certificate of somebody else is not installed', async t => {
  const { status, said } = machineOf(t).run('--certificate', join(root, 'test/lib/tls/authority.pem'))
  t.equal(status, 2)
  t.match(said, /authority\.pem is not the certificate of an authority of the lab: its name is .*, and those of the lab begin with OIDC Messenger Lab/)
})

t.test('it installs the authority for Chromium once, and removes it again', { skip: noCertutil() ?? false }, async t => {
  const { home, certificates, run } = machineOf(t)
  await labCertificates(certificates)
  const inStore = () => spawnSync('certutil', ['-L', '-d', `sql:${join(home, '.pki/nssdb')}`], { encoding: 'utf8' }).stdout.match(/OIDC Messenger Lab .*/g) ?? []
  t.match(run('--remove'), { status: 0, said: /No authority of the lab is trusted here/ })
  for (let times = 0; times < 2; times++) {
    const { status, said } = run()
    t.equal(status, 0, said)
    t.match(said, `trusted  Chromium, Chrome, Edge: ${join(home, '.pki/nssdb')}`)
    t.match(said, `NODE_EXTRA_CA_CERTS=${authorityFile(certificates)}`)
    t.match(inStore(), [/^OIDC Messenger Lab [0-9a-f]{6} +C,, *$/])
    t.equal(inStore().length, 1)
  }
  t.match(run('--remove'), { status: 0, said: /removed/ })
  t.strictSame(inStore(), [])
})

t.test('the system\'s store is written to by root, and anybody else is told what to type', { skip: process.platform === 'win32' && 'Windows has another store' }, async t => {
  const machine: Machine = { platform: 'linux', home: temporaryFolder(t), root: temporaryFolder(t), isRoot: false }
  const folder = join(machine.root!, 'usr/local/share/ca-certificates')
  t.match(storesOf(machine, false).map(store => store.install(authority).store), [/Chromium/], 'there is none of a kind that is known')
  mkdirSync(folder, { recursive: true })
  const [system] = storesOf(machine, false)
  t.equal(system!.remove([]), undefined, 'nothing to remove')
  const outcome = runTask(system!.install(authority), 'trusted')
  t.notOk(outcome.done)
  t.strictSame(outcome.lines.slice(1), [
    '           root may do this:',
    `           sudo install -m 644 /lab/authority.pem ${folder}/oidc-messenger-lab-ab12cd.crt`,
    '           sudo update-ca-certificates'
  ])

  const byRoot = storesOf({ ...machine, isRoot: true }, false)[0]!
  writeFileSync(join(folder, 'of-somebody-else.crt'), '')
  const certificate = join(machine.root!, 'authority.pem')
  writeFileSync(certificate, 'a certificate')
  const [install] = byRoot.install({ ...authority, file: certificate }).commands
  t.ok(runTask({ store: '', commands: [install!] }, 'trusted').done)
  t.equal(readFileSync(join(folder, 'oidc-messenger-lab-ab12cd.crt'), 'utf8'), 'a certificate')
  t.strictSame(byRoot.remove([])?.commands, [['rm', join(folder, 'oidc-messenger-lab-ab12cd.crt')], ['update-ca-certificates', '--fresh']])
})

t.test('macOS and Windows have one store, by commands of their own', async t => {
  const commandsOf = (platform: NodeJS.Platform) => storesOf({ platform, home: '/home', isRoot: false }, false)
    .map(store => [store.install(authority), store.remove([authority]), store.remove([])].map(task => task?.commands))
  t.strictSame(commandsOf('win32'), [[
    [['certutil', '-user', '-addstore', 'Root', '/lab/authority.pem']], [['certutil', '-user', '-delstore', 'Root', 'AB12']], undefined
  ]])
  t.strictSame(commandsOf('darwin'), [[
    [['security', 'add-trusted-cert', '-r', 'trustRoot', '-k', join('/home', 'Library', 'Keychains', 'login.keychain-db'), '/lab/authority.pem']],
    [['security', 'delete-certificate', '-t', '-Z', 'AB12']],
    undefined
  ]])
})

t.test('what fails is said, with all that is left to do', async t => {
  const { done, lines } = runTask({ store: 'a store', commands: [[process.execPath, '--eval', 'console.error("locked"); process.exit(1)'], ['echo', 'two words']] }, 'trusted')
  t.notOk(done)
  t.match(lines, ['  TO DO    a store', `           ${process.execPath} did not: locked:`, / --eval "console\.error/, '           echo "two words"'])
})
