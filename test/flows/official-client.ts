import platformClient from 'purecloud-platform-client-v2'
import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'

/** Genesys' own client of its REST API, sent to the stand-in by its gateway setting. */
export async function officialClient (t: Test, lab: Lab) {
  await t.test('Genesys\' own platform client exchanges, refreshes and revokes', async t => {
    const { port } = new URL(lab.genesys)
    const client = platformClient.ApiClient.instance
    // The client has no resolver that knows *.localhost, and needs none.
    client.setGateway({ protocol: 'http', host: '127.0.0.1', port: Number(port) })
    const api = new platformClient.WebDeploymentsApi()

    const browser = new Browser(lab)
    await browser.signIn('alice')
    const handover = (await browser.authCode()).json() as Handover
    const body = new GenesysApi(lab).exchangeBody(handover)

    const { jwt, refreshToken } = await api.postWebdeploymentsTokenOauthcodegrantjwtexchange(body as never)
    t.ok(jwt)
    t.equal(await refusalOf(api.postWebdeploymentsTokenOauthcodegrantjwtexchange(body as never)), 401, 'the code works once')

    const refreshed = await api.postWebdeploymentsTokenRefresh({
      body: { refreshToken: refreshToken!, deploymentId: body.deploymentId! }
    })
    t.ok(refreshed.jwt)

    client.setAccessToken(refreshed.jwt!)
    await api.deleteWebdeploymentsTokenRevoke()
    const afterwards = api.postWebdeploymentsTokenRefresh({
      body: { refreshToken: refreshToken!, deploymentId: body.deploymentId! }
    })
    t.equal(await refusalOf(afterwards), 401, 'nothing is left after a revoke')
  })
}

/** The status that a call was refused with, or nothing if it was not. */
async function refusalOf (call: Promise<unknown>): Promise<number | undefined> {
  return call.then(() => undefined, (error: { status: number }) => error.status)
}
