import { globSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import t from 'tap'
import { describeLab, labSettings, root } from '../helpers/lab.ts'

const readme = readFileSync(join(root, 'README.md'), 'utf8')

t.test('the README lists every test user with the password that works', async t => {
  for (const { username, password } of describeLab(labSettings()).users) {
    t.match(readme, `| **${username}** | **${password}** |`)
  }
})

t.test('the README names every setting that a service reads', async t => {
  const sources = [...globSync('services/*/config.ts', { cwd: root }), 'services/lib/settings.ts']
  const settings = sources.flatMap(file => [...readFileSync(join(root, file), 'utf8').matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name]) => name!))
  t.ok(settings.length > 20, `${settings.length} settings`)
  for (const name of new Set(settings)) t.match(readme, `\`${name}\``)
})

t.test('every file that the README sends a reader to is there', async t => {
  const files = [...readme.matchAll(/`((?:services|test)\/[\w./-]+)`/g)].map(([, file]) => file!)
  t.ok(files.length > 10)
  for (const file of files) t.strictSame(globSync(file, { cwd: root }).map(path => path.replaceAll(sep, '/')), [file])
})
