import type { Test } from 'tap'
import { createControlApiClient, type ControlApiClient } from '../../../services/idp/control-api/control-api-client.ts'
import { credentialsOf, type Browser, type Page } from '../../helpers/browser.ts'
import type { Lab } from '../../helpers/lab.ts'

const isAt = (callback: string) => (url: string) => new URL(url).pathname === callback

/** Sign in at the identity provider: the address that the browser would come back to, with a code in it, not opened yet. */
export async function answerOfSignIn (browser: Browser, username: string): Promise<URL> {
  const page = await browser.openSignIn()
  return new URL((await browser.submit(page, credentialsOf(browser.lab.user(username)), undefined, isAt('/callback'))).url)
}

/** The same for somebody who is known at the identity provider already, and is not asked. */
export async function answerOfAnotherSignIn (browser: Browser): Promise<URL> {
  return new URL((await browser.open(`${browser.lab.app}/login`, {}, isAt('/callback'))).url)
}

/** The same for the Messenger's code. */
export async function answerForMessenger (browser: Browser): Promise<URL> {
  return new URL((await browser.open(`${browser.lab.app}/messenger/login`, {}, isAt('/messenger/callback'))).url)
}

/** The same address with other parameters. */
export function withParameters (url: URL, parameters: Record<string, string>): string {
  const changed = new URL(url)
  for (const [name, value] of Object.entries(parameters)) changed.searchParams.set(name, value)
  return changed.href
}

/** Assert that a page says no, for this reason, and leads nowhere by itself. */
export function isRefusal (t: Test, page: Page, error: string): void {
  t.equal(page.status, 400)
  t.equal(page.headers.get('location'), null, 'nothing sends the browser on')
  t.equal(page.$('meta[http-equiv=refresh], script').length, 0)
  t.equal(page.$('dl code').text(), error)
  t.ok(page.$('.ways a').length > 0, 'but a click does')
}

/** Assert who is signed in, by name; nobody is `undefined`. */
export async function isSignedInAs (
  t: Test, browser: Browser, name: string | undefined, message = 'who is signed in'
): Promise<void> {
  const { user } = await browser.session()
  t.equal(user?.['name'], name, message)
}

/**
 * The identity provider, with the relying party as a client of whom it checks neither PKCE nor that a code is used once: what
 * is left then is what the relying party itself checks.
 */
export async function makeProviderCareless (t: Test, lab: Lab): Promise<ControlApiClient> {
  const idp = createControlApiClient(lab.issuer)
  await idp.clients.patch(lab.settings['OIDC_CLIENT_ID']!, { permissive: true })
  t.teardown(() => idp.clients.reset())
  return idp
}
