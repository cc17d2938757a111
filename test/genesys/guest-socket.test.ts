import t from 'tap'
import { connect } from '../helpers/guest.ts'
import { anonymousDeploymentId, deploymentId, deploymentsWith, startGenesys } from './helper.ts'

t.test('lets only pages of the deployment\'s domains open a socket', async t => {
  const { url } = await startGenesys(t)
  for (const origin of ['http://app.localhost:3000', 'https://app.localhost', 'app.localhost', 'http://shop.app.localhost']) {
    const guest = await connect(url, { deploymentId, origin })
    await guest.close()
    t.pass(origin)
  }
  for (const origin of ['http://evil.example', 'http://app.localhost.evil.example', 'null', null]) {
    await t.rejects(connect(url, { deploymentId, origin }), { name: 'UpgradeError', statusCode: 403 }, String(origin))
  }
})

t.test('opens a socket for an active deployment only', async t => {
  const { url } = await startGenesys(t, { deployments: deploymentsWith(deploymentId, deployment => ({ ...deployment, status: 'Inactive' })) })
  const cases: [string, { deploymentId?: string }][] = [
    ['inactive', { deploymentId }],
    ['unknown', { deploymentId: '00000000-0000-4000-8000-000000000000' }],
    ['none', {}]
  ]
  for (const [label, options] of cases) {
    await t.rejects(connect(url, options), { name: 'UpgradeError', statusCode: 403, message: /"code":"forbidden"/ }, label)
  }
  await (await connect(url, { deploymentId: anonymousDeploymentId })).close()
})

t.test('closes its sockets when it closes', async t => {
  const { app, anonymousGuest } = await startGenesys(t)
  const guest = await anonymousGuest()
  await app.close()
  t.equal(await guest.closed, 1001)
})
