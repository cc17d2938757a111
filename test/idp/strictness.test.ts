import t, { type Test } from 'tap'
import { readOptions, type Options } from '../../scripts/strictness/options.ts'
import { probes } from '../../scripts/strictness/probes.ts'
import { probeProvider } from '../../scripts/strictness/run.ts'
import { freePorts } from '../helpers/lab.ts'
import { startIdp } from './helper.ts'

t.test('refuses what a strict provider refuses, and answers as one answers, in every row of the table', async t => {
  const { issuer, identity } = await listen(t)
  const rows = await probeProvider(issuer, identity)
  t.same(rows.map(({ name }) => name), probes.map(({ name }) => name))
  for (const { name, verdict, seen } of rows) t.equal(verdict, 'yes', `${name}: ${seen}`)
})

t.test('is not probed by a user whom it does not let in', async t => {
  const { issuer, identity } = await listen(t)
  const [wrong, none] = [{ ...identity, password: 'not-hers' }, { ...identity, username: undefined }]
  await t.rejects(probeProvider(issuer, wrong), { message: 'does not let alice in with this password' })
  await t.rejects(probeProvider(issuer, none), { message: 'give --username and --password' })
})

/** The provider on a port, and what the command takes for it without an option. */
async function listen (t: Test): Promise<Options> {
  const ports = await freePorts()
  const { app, config } = await startIdp(t, ports)
  await app.listen({ host: config.host, port: config.port })
  return readOptions([config.issuer], ports) as Options
}
