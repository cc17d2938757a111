import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { keep, openStateFolder } from '#lib/state-folder.ts'

t.test('makes a secret once and gives the same ever after', async t => {
  const folder = t.testdir({})
  let made = 0
  const make = () => ({ key: `made ${++made}` })
  t.same(await keep(folder, 'key.json', make), { key: 'made 1' })
  t.same(await keep(folder, 'key.json', make), { key: 'made 1' })
  t.equal(made, 1)
})

t.test('gives the same to all who ask at once, and leaves no draft behind', async t => {
  const folder = t.testdir({})
  const kept = await Promise.all(Array.from({ length: 8 }, (_, n) => keep(folder, 'key.json', async () => ({ n }))))
  t.equal(new Set(kept.map(({ n }) => n)).size, 1)
  t.same(JSON.parse(readFileSync(join(folder, 'key.json'), 'utf8')), kept[0])
  t.same(readdirSync(folder), ['key.json'])
})

t.test('lets nobody but its own user read a secret or look into the folder', async t => {
  const folder = join(t.testdir({}), 'deep', 'down')
  await keep(folder, 'key.json', () => 'secret')
  t.equal(statSync(join(folder, 'key.json')).mode & 0o777, 0o600)
  t.equal(statSync(folder).mode & 0o777, 0o700)
})

t.test('leaves nothing behind when a secret cannot be made', async t => {
  const folder = t.testdir({})
  await t.rejects(keep(folder, 'key.json', async () => { throw new Error('out of entropy') }), { message: 'out of entropy' })
  t.same(readdirSync(folder), [])
})

t.test('opens a folder that is there already', async t => {
  const folder = join(t.testdir({}), 'state')
  mkdirSync(folder)
  t.equal(openStateFolder(folder), folder)
})

t.test('says which setting is to blame when the folder cannot be made', async t => {
  const folder = join(t.testdir({ taken: 'a file' }), 'taken', 'state')
  t.throws(() => openStateFolder(folder), { message: /^the state folder .*taken\/state cannot be made \(STATE_DIR\)/ })
})
