// The lab as it is started.
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { noSignals, runNode } from '../helpers/command.ts'
import { describeLab, freePorts, labSettings, root } from '../helpers/lab.ts'

/** Run the embedded lab as `npm start` does, with its state in the working directory. */
const start = (t: Test, settings: Record<string, string>, cwd = t.testdir({})) =>
  runNode(t, [join(root, 'services/embedded/server.ts')], { cwd, env: { ...process.env, ...labSettings(settings) } })

const ports = await freePorts()
const lab = start(t, ports)

t.test('the lab says where to go and who can sign in', async t => {
  await lab.says(/The lab is ready/)
  t.match(lab.output(), `Open http://lab.localhost:${ports.CONSOLE_PORT} `)
  t.match(lab.output(), `or http://app.localhost:${ports.APP_PORT}, `)
  for (const { username, password, claims } of describeLab(labSettings(ports)).users) {
    t.match(lab.output(), new RegExp(`${username} +${password} +${claims.name}`))
  }
})

t.test('a port that is taken is named, with the settings that move it', async t => {
  const second = start(t, ports)
  t.equal(await second.exit, 1)
  t.match(second.output(), `port ${ports.IDP_PORT} is taken. Set APP_PORT, IDP_PORT, GENESYS_PORT or CONSOLE_PORT`)
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
