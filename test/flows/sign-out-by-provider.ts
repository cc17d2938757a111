import type { Test } from 'tap'
import { fetch } from '#lib/outbound/outbound.ts'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser } from '../helpers/browser.ts'
import type { Lab } from '../helpers/lab.ts'
import { until } from '../helpers/until.ts'

/** The identity provider says that somebody has signed out there: by a message to the relying party, or in a frame. */
export async function signOutByProvider (t: Test, lab: Lab) {
  const { clients } = createControlApiClient(lab.issuer)
  const client = lab.settings['OIDC_CLIENT_ID']!
  const atProvider = { authenticated: false, ended: { reason: 'signed_out_at_provider' } }

  async function signedIn (username: string) {
    const browser = new Browser(lab)
    await browser.signIn(username)
    return browser
  }
  async function signOutAtProvider (browser: Browser) {
    await browser.submit(await browser.open(`${lab.issuer}/session/end`), {}, 'Sign out')
  }

  await t.test('who signs out at the provider is signed out here, in that browser and in no other', async t => {
    const [here, there, bob] = [await signedIn('alice'), await signedIn('alice'), await signedIn('bob')]
    await signOutAtProvider(here)
    await until('the session has ended', async () => !(await here.session()).authenticated)
    t.strictSame(await here.session(), atProvider)
    t.equal((await there.session()).authenticated, true)
    t.equal((await bob.session()).authenticated, true)
    t.equal((await here.authCode()).status, 401, 'nor is there a code for the Messenger any more')
  })

  await t.test('an open page is told within a second', async t => {
    const browser = await signedIn('alice')
    const stream = await fetch(`${lab.app}/session/events`, {
      headers: { accept: 'text/event-stream', cookie: await browser.jar.getCookieString(lab.app) }
    })
    t.equal(stream.status, 200)
    t.match(stream.headers.get('content-type'), 'text/event-stream')
    const events = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
    t.match((await events.read()).value, /event: ready/)

    await signOutAtProvider(browser)
    const since = performance.now()
    let told = ''
    for (let part = await events.read(); !part.done; part = await events.read()) told += part.value
    t.match(told, /event: ended\ndata: \{"reason":"signed_out_at_provider"\}/, 'and then the stream ends')
    t.comment(`told ${Math.round(performance.now() - since)} ms after the answer to who signed out`)
  })

  await t.test('who is not signed in gets no stream', async t => {
    const stream = await fetch(`${lab.app}/session/events`, { headers: { accept: 'text/event-stream' } })
    t.equal(stream.status, 204, 'and is not to ask again')
  })

  await t.test('a page of the provider signs out in a frame, where our cookies do not arrive', async t => {
    await clients.patch(client, {
      frontchannel_logout_uri: `${lab.app}/frontchannel-logout`, frontchannel_logout_session_required: true, backchannel_logout_uri: `${lab.app}/nowhere`
    })
    t.teardown(() => clients.reset())
    const [here, there] = [await signedIn('alice'), await signedIn('alice')]
    const page = await here.submit(await here.open(`${lab.issuer}/session/end`), {}, 'Sign out')
    const frame = page.$('iframe').attr('src')!
    t.match(frame, `${lab.app}/frontchannel-logout?`)
    t.equal((await here.session()).authenticated, true, 'not before the frame is there')

    const foreign = await fetch(frame.replace(encodeURIComponent(lab.issuer), 'https%3A%2F%2Fother.example'))
    t.equal(foreign.status, 400)
    t.equal((await here.session()).authenticated, true, 'nor by another issuer')
    const answer = await fetch(frame)
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('cache-control'), 'no-store')
    t.equal(answer.headers.get('x-frame-options'), null)
    t.match(answer.headers.get('content-security-policy'), `frame-ancestors ${new URL(lab.issuer).origin}`)
    t.strictSame(await here.session(), atProvider)
    t.equal((await there.session()).authenticated, true)
  })

  await t.test('a frame that names no session of ours signs nobody out', async t => {
    const browser = await signedIn('alice')
    for (const query of [{}, { iss: lab.issuer }, { iss: lab.issuer, sid: '' }, { iss: lab.issuer, sid: 'x'.repeat(43) }]) {
      await browser.request(`${lab.app}/frontchannel-logout?${new URLSearchParams(query)}`)
      t.equal((await browser.session()).authenticated, true, JSON.stringify(query))
    }
  })
}
