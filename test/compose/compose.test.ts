import t from 'tap'
import { gracePeriodMs } from '#lib/server/graceful-close.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import { serviceNames, type ServiceName } from '../../services/embedded/app.ts'
import { firstInChromium, flowsAlone, flowsSideBySide, flowsWithFaults } from '../flows/flows.ts'
import { noCompose, runDocker, startComposeLab } from '../helpers/compose-lab.ts'
import { runFlows } from '../helpers/run-flows.ts'
import { until } from '../helpers/until.ts'

const secretsOf: Record<ServiceName, string[]> = {
  'relying-party': ['OIDC_CLIENT_SECRET', 'SESSION_KEY'],
  idp: ['GENESYS_CLIENT_SECRET', 'OIDC_CLIENT_SECRET'],
  genesys: ['GENESYS_CLIENT_SECRET'],
  console: []
}
const secrets = Object.values(secretsOf).flat()

const reason = await noCompose()
if (reason) {
  t.test('the flows in Compose', { skip: reason }, async () => {})
} else {
  const lab = await startComposeLab(t)

  for (const service of serviceNames) {
    t.test(`the container of ${service} has no privileges, and is reached from this machine alone`, async t => {
      const { Config, HostConfig, Image, State, NetworkSettings } = await lab.inspect(service)
      t.equal(State.Health?.Status, 'healthy')
      t.equal(Config.User, 'node')
      t.equal(HostConfig.ReadonlyRootfs, true)
      t.strictSame(HostConfig.CapDrop, ['ALL'])
      t.strictSame(HostConfig.CapAdd ?? [], [])
      t.match(HostConfig.SecurityOpt, ['no-new-privileges:true'])
      t.ok(HostConfig.Memory, 'its memory is limited')
      t.ok(HostConfig.PidsLimit, 'and so are its processes')
      t.equal(HostConfig.RestartPolicy?.Name, 'unless-stopped')
      const { StopTimeout: stopSeconds } = Config as { StopTimeout?: number }
      t.ok(stopSeconds! * 1_000 > gracePeriodMs, 'it has the time to end what is under way')
      t.strictSame([...new Set(Object.values(NetworkSettings.Ports).flatMap(ports => ports ?? []).map(port => port.HostIp))], ['127.0.0.1'])
      t.equal(Image, (await lab.inspect('idp')).Image, 'one image for all')
      t.equal(Config.Image, lab.image, 'and for this checkout alone')
      const names = Config.Env.filter(variable => !variable.endsWith('=')).map(variable => variable.split('=')[0])
      t.strictSame(names.filter(name => secrets.includes(name!)).sort(), secretsOf[service], 'it has no secret of another')
    })
  }

  t.test('the image is the whole lab by itself, and has nothing to install anything with', async t => {
    const container = runDocker('run', '--detach', '--rm', '--publish', '127.0.0.1::3001', lab.image)
    t.teardown(() => runDocker('stop', container))
    await until('it is healthy', () => runDocker('inspect', '--format', '{{.State.Health.Status}}', container) === 'healthy', 60_000)
    const address = runDocker('port', container, '3001')
    t.match(await (await fetch(`http://${address}/.well-known/openid-configuration`)).json(), { issuer: 'http://idp.localhost:3001' })
    t.equal(runDocker('exec', container, 'sh', '-c', 'command -v npm npx apt apt-get yarn || true'), '')
  })

  t.test('localhost leads to the application', async t => {
    const { port } = new URL(lab.app)
    const response = await fetch(`http://localhost:${port}/?here`, { redirect: 'manual' })
    t.equal(response.status, 302)
    t.equal(response.headers.get('location'), `${lab.app}/?here`)
  })

  await runFlows(t, lab, { inChromium: firstInChromium, sideBySide: flowsSideBySide, alone: { ...flowsAlone, ...flowsWithFaults } }, 5)
}
