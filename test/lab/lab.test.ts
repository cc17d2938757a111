// The lab as it is started, and what its README says of it.
import { globSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, sep } from 'node:path'
import t, { type Test } from 'tap'
import { noSignals, runNode } from '../helpers/command.ts'
import { describeLab, freePorts, labSettings, root } from '../helpers/lab.ts'

const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** Run the embedded lab as `npm start` does, with its state in the working directory. */
const start = (t: Test, settings: Record<string, string>, cwd = t.testdir({})) =>
  runNode(t, [join(root, 'services/lab/server.ts')], { cwd, env: { ...process.env, ...labSettings(settings) } })

const ports = await freePorts()
const lab = start(t, ports)

t.test('the lab says where to go and who can sign in', async t => {
  await lab.says(/The lab is ready/)
  t.match(lab.output(), `Open http://app.localhost:${ports.APP_PORT} `)
  for (const { username, password, claims } of describeLab(labSettings(ports)).users) {
    t.match(lab.output(), new RegExp(`${username} +${password} +${claims.name}`))
  }
})

t.test('a port that is taken is named, with the settings that move it', async t => {
  const second = start(t, ports)
  t.equal(await second.exit, 1)
  t.match(second.output(), `port ${ports.IDP_PORT} is taken. Set APP_PORT, IDP_PORT or GENESYS_PORT`)
})

t.test('Ctrl-C ends the lab with 0, and it has said nothing of trouble', { skip: noSignals }, async t => {
  lab.kill('SIGINT')
  t.equal(await lab.exit, 0)
  t.notMatch(lab.output(), /WARNING|NOTICE|Error|Deprecation/)
})

t.test('what is wrong for several services is said at once', async t => {
  const lab = start(t, { SESSION_KEY: 'too short', AGENT_DELAY_MS: 'soon' })
  t.equal(await lab.exit, 1)
  t.match(lab.output(), /relying-party cannot start, a setting is wrong:\n {2}SESSION_KEY: is malformed; it must be 32 bytes/)
  t.match(lab.output(), /genesys cannot start, a setting is wrong:\n {2}AGENT_DELAY_MS: is malformed/)
  t.notMatch(lab.output(), / at .*\.ts:/, 'no stack')
})

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

t.test('what the README has for an application in Node makes it find the lab by its names', async t => {
  const [, program] = /```js\n(\/\/ localhost\.mjs[^]+?)```/.exec(readme)!
  const server = createServer((request, response) => response.end(`hello ${request.headers.host}`))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const cwd = t.testdir({
    'localhost.mjs': program!,
    'app.mjs': `
    import { get } from 'node:http'
    const url = 'http://idp.localhost:${port}/'
    console.log(await (await fetch(url)).text())
    get(url, response => response.on('data', data => console.log(String(data))))`
  })
  const application = runNode(t, ['--import', './localhost.mjs', 'app.mjs'], { cwd })
  t.equal(await application.exit, 0, application.output())
  t.equal(application.output(), `hello idp.localhost:${port}\n`.repeat(2))
})

t.test('every file that the README sends a reader to is there', async t => {
  const files = [...readme.matchAll(/`((?:services|test)\/[\w./-]+)`/g)].map(([, file]) => file!)
  t.ok(files.length > 10)
  for (const file of files) t.strictSame(globSync(file, { cwd: root }).map(path => path.replaceAll(sep, '/')), [file])
})
