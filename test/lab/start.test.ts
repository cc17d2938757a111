import { join } from 'node:path'
import t, { type Test } from 'tap'
import { noSignals, runNode } from '../helpers/command.ts'
import { describeLab, freePorts, labSettings, root } from '../helpers/lab.ts'

/** Run the embedded lab as `npm start` does, with its state in the working directory. */
const start = (t: Test, settings: Record<string, string>, cwd = t.testdir({})) =>
  runNode(t, [join(root, 'services/lab/server.ts')], { cwd, env: labSettings(settings) })

t.test('the lab says where to go and who can sign in, and Ctrl-C ends it with 0', { skip: noSignals }, async t => {
  const ports = await freePorts()
  const lab = start(t, ports)
  await lab.says(/The lab is ready/)
  t.match(lab.output(), `Open http://app.localhost:${ports.APP_PORT} `)
  for (const { username, password, claims } of describeLab(labSettings(ports)).users) {
    t.match(lab.output(), new RegExp(`${username} +${password} +${claims.name}`))
  }
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

t.test('a port that is taken is named, with the settings that move it', { skip: noSignals }, async t => {
  const ports = await freePorts()
  const folder = t.testdir({ first: {}, second: {} })
  const first = start(t, ports, join(folder, 'first'))
  await first.says(/The lab is ready/)
  const second = start(t, ports, join(folder, 'second'))
  t.equal(await second.exit, 1)
  t.match(second.output(), `port ${ports.IDP_PORT} is taken. Set APP_PORT, IDP_PORT or GENESYS_PORT`)
  first.kill('SIGINT')
  t.equal(await first.exit, 0)
})
