import type { Test } from 'tap'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { startChromium } from '../helpers/chromium.ts'
import type { Lab } from '../helpers/lab.ts'
import { openPage, showMessenger } from '../helpers/messenger-window.ts'

/** The identity provider as an instrument, in a real browser. */
export async function instrumentInChromium (t: Test, lab: Lab) {
  const chromium = await startChromium(t, 'a test starts signed in, and a person reads about the control API, in Chromium')
  if (!chromium) return
  const idp = createControlApiClient(lab.issuer)

  await t.test('a test starts in a browser that is signed in, and sees no sign-in page', async t => {
    const { page, complaints } = await openPage(t, chromium, { storageState: await idp.sessions.signIn('bob') })
    await page.goto(`${lab.app}/login`)
    await page.getByRole('banner').getByText('Bob Brandt', { exact: true }).waitFor()
    t.equal(page.url(), `${lab.app}/`)
    await showMessenger(page)
    await page.getByRole('dialog', { name: 'Messenger' }).getByText('Hello Bob').waitFor()
    t.strictSame(complaints, [])
  })

  await t.test('a person reads about the control API and tries it', async t => {
    const { page, complaints } = await openPage(t, chromium)
    const elsewhere: string[] = []
    page.on('request', request => {
      if (!request.url().startsWith(lab.issuer) && !request.url().startsWith('data:')) elsewhere.push(request.url())
    })
    await page.goto(`${lab.issuer}/lab`)
    await page.getByRole('heading', { name: 'control API of the lab' }).waitFor()
    await page.getByText('The catalogue of faults').click()
    await page.getByRole('button', { name: 'Execute' }).click()
    await page.locator('.live-responses-table').getByText('"id-token-alg-none"').first().waitFor()
    t.strictSame(elsewhere, [], 'nothing is loaded from elsewhere')
    t.strictSame(complaints, [], 'nothing in the console')
  })

  await t.test('a class sees where a code goes when nobody checks the redirect URI', async t => {
    const client = lab.settings['OIDC_CLIENT_ID']!
    t.teardown(() => idp.clients.reset())
    const elsewhere = `${lab.genesys}/livez`
    const request = `${lab.issuer}/auth?${new URLSearchParams({
      client_id: client,
      response_type: 'code',
      scope: 'openid',
      redirect_uri: elsewhere,
      state: 'seen-by-a-class',
      nonce: 'n'.repeat(43)
    })}`
    const { page } = await openPage(t, chromium)
    await page.goto(request)
    await page.getByText('is not registered for it').waitFor()

    await idp.clients.patch(client, { permissive: true })
    await page.goto(request)
    await page.getByRole('button', { name: 'Sign in as Bob Brandt' }).click()
    await page.waitForURL(url => url.href.startsWith(`${elsewhere}?code=`))
    const { entries } = await idp.ledger.query({ state: 'seen-by-a-class', rule: 'redirect-uri-not-registered' })
    t.match(
      entries[0]?.violations,
      [{ rule: 'redirect-uri-not-registered', specification: /^https:\/\// }],
      'and the ledger says what was let pass'
    )
  })

  await t.test('a link from another site leads to that page, and what it has said is not read by anybody else', async t => {
    // Without the policy of the page itself, so that it is the identity provider that refuses.
    const { page } = await openPage(t, chromium, { bypassCSP: true })
    await page.goto(lab.app)
    const answer = await page.evaluate(async url => {
      try {
        return (await fetch(`${url}/lab/users`)).status
      } catch (error) {
        return (error as Error).name
      }
    }, lab.issuer)
    t.equal(answer, 'TypeError', 'the browser does not let the page of the application read it')
    await page.evaluate(`location.href = '${lab.issuer}/lab'`)
    await page.getByRole('heading', { name: 'control API of the lab' }).waitFor()
  })
}
