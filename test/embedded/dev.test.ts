import { appendFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { serviceNames } from '../../services/embedded/app.ts'
import { noSignals, runNode } from '../helpers/command.ts'
import { describeLab, freePorts, labSettings, root, urlsOf } from '../helpers/lab.ts'

t.test('npm run dev starts a service anew when its files change, and it alone, with what it kept', { skip: noSignals }, async t => {
  // Below our own folder, where what it imports is found.
  const cwd = t.testdir({})
  for (const part of ['services', 'package.json']) cpSync(join(root, part), join(cwd, part), { recursive: true })
  const ports = await freePorts()
  const { issuer, ...urls } = describeLab(labSettings(ports))
  const dev = runNode(t, [join(root, 'scripts', 'dev.ts')], { cwd, env: { ...ports, PATH: process.env['PATH'] } })
  // Killed at once, it would leave the services behind.
  t.teardown(() => {
    dev.kill('SIGINT')
    return dev.exit
  })

  const starts = () => Object.fromEntries(serviceNames.map(name =>
    [name, dev.output().match(new RegExp(`\\(${name}\\): listening`, 'g'))?.length]))
  await Promise.all(serviceNames.map(name => dev.says(new RegExp(`\\(${name}\\): listening`))))
  const keys = await (await fetch(`${issuer}/jwks`)).text()

  let before = dev.output().length
  appendFileSync(join(cwd, 'services', 'idp', 'users.yaml'), '# changed\n')
  await dev.says(/\(idp\): listening/, before)
  t.equal(await (await fetch(`${issuer}/jwks`)).text(), keys, 'the keys are those of before')
  t.match(starts(), { idp: 2, genesys: 1, 'relying-party': 1 })

  before = dev.output().length
  appendFileSync(join(cwd, 'services', 'relying-party', 'views', 'problem.eta'), '<!-- changed -->\n')
  await dev.says(/\(relying-party\): listening/, before)
  t.match(starts(), { idp: 2, genesys: 1, 'relying-party': 2 })

  dev.kill('SIGINT')
  t.equal(await dev.exit, 0)
  for (const url of Object.values(urlsOf({ issuer, ...urls }))) await t.rejects(fetch(`${url}/livez`), url)
})
