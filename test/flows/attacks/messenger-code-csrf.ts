import type { Test } from 'tap'
import type { Page } from '#lib/browser/scriptless-browser.ts'
import { fetch } from '#lib/outbound/outbound.ts'
import { Browser } from '../../helpers/browser.ts'
import type { Lab } from '../../helpers/lab.ts'

/**
 * A page of somebody else has the victim's browser ask for the Messenger's code, to read it or to use it up. Here the cookie
 * is sent, as it is to a page of a sibling host.
 */
export async function messengerCodeCsrf (t: Test, lab: Lab) {
  const url = `${lab.app}/messenger/auth-code`
  const elsewhere = 'http://evil.example'

  /** Assert that a request was refused, tells other origins nothing, and has left the code for who may have it. */
  async function isInVain (t: Test, victim: Browser, { status, headers, text }: Omit<Page, 'url'>) {
    t.ok([403, 415].includes(status), String(status))
    t.notMatch(text, 'authCode')
    t.equal(headers.get('access-control-allow-origin'), null)
    t.equal((await victim.authCode()).status, 200)
  }

  // What a form, or a script without a preflight request, can send: https://fetch.spec.whatwg.org/#simple-header
  const simple: Record<string, string> = {
    'application/x-www-form-urlencoded': '_csrf=guess',
    'multipart/form-data; boundary=b': '--b\r\ncontent-disposition: form-data; name="_csrf"\r\n\r\nguess\r\n--b--\r\n',
    'text/plain': '_csrf=guess',
    'text/plain; application/json': '{"_csrf":"guess"}'
  }
  for (const [type, body] of Object.entries(simple)) {
    await t.test(`a form of somebody else, as ${type}, gets no code and uses none up`, async t => {
      const victim = new Browser(lab)
      await victim.signIn('alice')
      const sent = { origin: elsewhere, 'content-type': type, cookie: await victim.jar.getCookieString(url) }
      const answer = await fetch(url, { method: 'POST', headers: sent, body })
      await isInVain(t, victim, { status: answer.status, headers: answer.headers, text: await answer.text() })
    })
  }

  await t.test('nor does a script with the token of its own session', async t => {
    const [victim, attacker] = [new Browser(lab), new Browser(lab)]
    await victim.signIn('alice')
    await attacker.signIn('bob')
    const { csrfToken } = await attacker.session()
    const headers = { origin: elsewhere, 'csrf-token': csrfToken! }
    await isInVain(t, victim, await victim.request(url, { method: 'POST', headers }))
  })

  await t.test('nor does a link, or a token in the address', async t => {
    const victim = new Browser(lab)
    await victim.signIn('alice')
    const { csrfToken } = await victim.session()
    const address = `${url}?${new URLSearchParams({ _csrf: csrfToken! })}`
    t.equal((await victim.request(address)).status, 404)
    await isInVain(t, victim, await victim.request(address, { method: 'POST' }))
  })

  await t.test('a page of somebody else may neither read who is signed in nor send the token\'s header', async t => {
    const victim = new Browser(lab)
    await victim.signIn('alice')
    for (const path of ['/session', '/messenger/auth-code', '/messenger/config', '/sessions', '/api/profile']) {
      const asked = await victim.request(lab.app + path, {
        method: 'OPTIONS',
        headers: { origin: elsewhere, 'access-control-request-method': 'POST', 'access-control-request-headers': 'csrf-token' }
      })
      const read = await victim.request(lab.app + path, { headers: { origin: elsewhere, accept: 'application/json' } })
      for (const { headers } of [asked, read]) {
        t.strictSame([...headers.keys()].filter(name => name.startsWith('access-control-')), [], path)
        t.equal(headers.get('cross-origin-resource-policy'), 'same-origin', path)
      }
    }
  })
}
