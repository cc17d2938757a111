// What the provider keeps is damaged, in use by another one, or cannot be kept: what it says, and what it does not do.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { fillDisk } from '../../helpers/full-disk.ts'
import { compileCache, freePorts, labSettings, root } from '../../helpers/lab.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { startIdp, Visitor } from '../helper.ts'

const ports = await freePorts()

/** What `services/idp/server.ts` says when it ends by itself. */
function start (stateFolder: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['services/idp/server.ts'], {
    cwd: root,
    encoding: 'utf8',
    env: labSettings({ ...compileCache(), ...ports, LOG_FORMAT: 'json', STATE_DIR: stateFolder }),
    timeout: 20_000
  })
  return { status, stdout, lines: stderr.trim().split('\n') }
}

const damages: [string, string, string][] = [
  ['keys that break off', 'idp/signing-keys.json', '{ "keys": ['],
  ['an empty file of keys', 'idp/signing-keys.json', ''],
  ['something else than keys', 'idp/signing-keys.json', '{ "keys": [{ "kty": "RSA", "kid": "a", "alg": "RS256" }] }'],
  ['no keys for cookies', 'idp/cookie-keys.json', '[]'],
  ['a store that is none', 'idp/idp.sqlite', 'this is no database, and is long enough to be seen to be none'.repeat(20)]
]
for (const [label, file, content] of damages) {
  t.test(`does not start with ${label}, and says in one line which file that is and what to do`, async t => {
    const folder = temporaryFolder(t)
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), content)
    t.strictSame(start(folder), {
      status: 1,
      stdout: '',
      lines: [`${join(folder, file)} is damaged: put back a copy, or delete it to begin anew without what it kept`]
    })
  })
}

t.test('does not start where the folder of its state cannot be made', async t => {
  const folder = join(temporaryFolder(t), 'taken')
  writeFileSync(folder, '')
  const { status, lines } = start(folder)
  t.equal(status, 1)
  t.equal(lines.length, 1)
  t.match(lines[0], `the state folder ${folder}/idp cannot be made: set STATE_DIR to one that can`)
})

t.test('does not start on the state of another one that runs', async t => {
  const folder = temporaryFolder(t)
  const { app } = await startIdp(t, { STATE_DIR: folder })
  t.strictSame(start(folder), {
    status: 1,
    stdout: '',
    lines: [`${join(folder, 'idp')} is in use by another process: end that, or set STATE_DIR to another folder`]
  })
  await app.close()
  await t.resolves(startIdp(t, { STATE_DIR: folder }), 'it is free when that has ended')
})

const readiness = async ({ app }: Awaited<ReturnType<typeof startIdp>>) => {
  const { statusCode, body } = await app.inject('/readyz')
  return `${statusCode} ${body}`
}

t.test('is not ready while its disk is full, and says which file cannot be written', async t => {
  const idp = await startIdp(t)
  const makeRoom = fillDisk(t)
  await t.rejects(idp.lab.users.put('zoe', {}), {
    status: 503, message: /This could not be kept: .*idp\.sqlite cannot be written, as the disk is full: make room/
  })
  t.match(await readiness(idp), /^503 .*idp\.sqlite cannot be written, as the disk is full: make room/)
  makeRoom()
  await idp.lab.users.put('zoe', {})
  t.match(await readiness(idp), /^200 /)
})

t.test('on a full disk nobody can sign in until there is room again', async t => {
  const idp = await startIdp(t)
  const makeRoom = fillDisk(t)
  const visitor = new Visitor(idp)
  t.equal((await visitor.open(idp.authorizationRequest(idp.relyingParty))).status, 503)
  makeRoom()
  await visitor.signIn('alice')
  t.equal(await visitor.isKnown(), true)
})

const changes: [string, (idp: Awaited<ReturnType<typeof startIdp>>) => Promise<unknown>][] = [
  ['a user that was added', ({ lab }) => lab.users.put('zoe', {})],
  ['a user that was removed', ({ lab }) => lab.users.remove('alice')],
  ['a client that was changed', ({ lab }) => lab.clients.patch('relying-party', { client_name: 'Other' })],
  ['scopes that were set', ({ lab }) => lab.settings.patch({ scopes: { groups: ['groups'] } })],
  ['a fault that was switched on', ({ lab }) => lab.faults.switchOn('token-endpoint-invalid-grant')],
  ['a clock that was moved', ({ lab }) => lab.clock.set(3600)]
]
for (const [label, change] of changes) {
  t.test(`is as before after ${label} and could not be kept`, async (t: Test) => {
    const idp = await startIdp(t)
    const state = async () => {
      const { lab } = idp
      const { offsetSeconds } = await lab.clock.get()
      return [await lab.users.list(), await lab.clients.list(), await lab.settings.get(), await lab.faults.active(), offsetSeconds]
    }
    const before = await state()
    fillDisk(t)
    await t.rejects(change(idp))
    t.strictSame(await state(), before)
  })
}
