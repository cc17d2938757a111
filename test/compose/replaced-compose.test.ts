import t from 'tap'
import { noCompose, runDockerBeside, startComposeLabBehindTls } from '../helpers/compose-lab.ts'
import { checkTraffic, duringTraffic, everybodyIsBack } from '../helpers/traffic.ts'

const replicas = 2

const reason = await noCompose()
if (reason) {
  t.test('replicas behind TLS', { skip: reason }, async () => {})
} else {
  const lab = await startComposeLabBehindTls(t, { replicas })
  const compose = (...args: string[]) => runDockerBeside(['compose', ...lab.files, ...args], lab.environment)

  t.test('Caddy is told its configuration anew while people sign in and chat by https: no sign-in fails, and no message is lost', async t => {
    const traffic = await duringTraffic(lab, async traffic => {
      for (let times = 1; times <= 3; times++) {
        await compose('exec', '-T', 'caddy', 'caddy', 'reload', '--force', '--config', '/etc/caddy/Caddyfile')
        await everybodyIsBack(traffic, times)
      }
    })
    await checkTraffic(t, lab, traffic)
  })

  t.test('all replicas are replaced while people sign in and chat, as the README says: no sign-in fails, and no message is lost', async t => {
    const traffic = await duringTraffic(lab, async traffic => {
      for (const service of ['relying-party', 'idp', 'genesys']) {
        const old = (await compose('ps', '--quiet', service)).split('\n')
        await compose('up', '--detach', '--no-deps', '--no-recreate', '--wait', '--scale', `${service}=${2 * replicas}`, service)
        await runDockerBeside(['stop', ...old])
        await runDockerBeside(['rm', ...old])
      }
      await everybodyIsBack(traffic, 1)
    })
    await checkTraffic(t, lab, traffic)
  })
}
