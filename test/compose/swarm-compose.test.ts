import t from 'tap'
import { noCompose } from '../helpers/compose-lab.ts'
import { makeSwarm, startSwarmLab } from '../helpers/swarm-lab.ts'
import { checkTraffic, duringTraffic, everybodyIsBack } from '../helpers/traffic.ts'

const replicas = 2

const reason = await noCompose() ?? makeSwarm(t)
if (reason) {
  t.test('the lab in a swarm', { skip: reason }, async () => {})
} else {
  const lab = await startSwarmLab(t, replicas)

  t.test('all replicas are replaced while people sign in and chat: no sign-in fails, and no message is lost', async t => {
    const traffic = await duringTraffic(lab, async traffic => {
      for (const service of ['relying-party', 'idp', 'genesys']) await lab.replace(service)
      await everybodyIsBack(traffic, 1)
    })
    await checkTraffic(t, lab, traffic)
  })
}
