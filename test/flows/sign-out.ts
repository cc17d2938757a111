import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import type { Lab } from '../helpers/lab.ts'

/** Leaving: here and at the identity provider. */
export async function signOut (t: Test, lab: Lab) {
  await t.test('signing out ends the session here and at the identity provider, and comes back', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const cookie = await browser.jar.getCookieString(lab.app)
    t.equal((await browser.signOut()).url, `${lab.app}/`)

    t.strictSame(await browser.session(), { authenticated: false })
    t.match((await browser.request(`${lab.app}/session`, { headers: { cookie } })).json(), { authenticated: false },
      'a copy of the old cookie is worth nothing')
    t.match((await browser.openSignIn()).url, `${lab.issuer}/interaction/`, 'the identity provider asks for the password again')
  })

  await t.test('the identity provider asks where it is shown no ID token, and who stays signed in there is not asked for a password', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const { csrfToken } = await browser.session()
    const page = await browser.request(`${lab.app}/logout`, { form: { _csrf: csrfToken! } })
    t.equal(page.status, 303)
    const endSession = new URL(page.headers.get('location')!)
    t.equal(endSession.origin + endSession.pathname, `${lab.issuer}/session/end`)
    t.ok(endSession.searchParams.get('id_token_hint'))

    endSession.searchParams.delete('id_token_hint')
    endSession.searchParams.set('client_id', 'relying-party')
    const question = await browser.open(endSession.href)
    t.match(question.$('h1').text(), /Sign out of Tern ID\?/)
    t.match(question.$('main').text(), /Saltmarsh Kayaks/)
    t.equal((await browser.submit(question, {}, 'Stay signed in')).url, `${lab.app}/`)
    t.equal((await browser.session()).authenticated, false, 'signed out here all the same')
    t.equal((await browser.openSignIn()).url, `${lab.app}/`, 'and back in without a password')
  })

  await t.test('a code that waited for the Messenger is gone with the session', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    await browser.signOut()
    t.equal((await browser.authCode()).status, 401)
    await browser.signIn('alice')
    t.equal((await browser.authCode()).status, 200)
  })

  await t.test('signing out where nobody is signed in leads home', async t => {
    const browser = new Browser(lab)
    const page = await browser.request(`${lab.app}/logout`, { method: 'POST' })
    t.equal(page.status, 303)
    t.equal(page.headers.get('location'), `${lab.app}/`)
  })
}
