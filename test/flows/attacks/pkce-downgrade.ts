import type { Test } from 'tap'
import { Browser, credentialsOf } from '../../helpers/browser.ts'
import type { Lab } from '../../helpers/lab.ts'
import { answerOfSignIn, isRefusal, isSignedInAs, makeProviderCareless, withParameters } from './helper.ts'

/**
 * Somebody takes PKCE out of an authorization request on its way, so that a code can be stolen that is bound to nothing.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.8.2
 */
export async function pkceDowngrade (t: Test, lab: Lab) {
  const isCallback = (url: string) => url.startsWith(`${lab.app}/callback`)

  /** The authorization request that the relying party has made, with what of it is to be different; null is left out. */
  async function changedRequest (browser: Browser, changes: Record<string, string | null>): Promise<string> {
    const { headers } = await browser.request(`${lab.app}/login`)
    const url = new URL(headers.get('location')!)
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) url.searchParams.delete(name)
      else url.searchParams.set(name, value)
    }
    return url.href
  }

  await t.test('every request has a challenge of its own, by S256', async t => {
    const browser = new Browser(lab)
    const requests = [await changedRequest(browser, {}), await changedRequest(browser, {})].map(url => new URL(url).searchParams)
    for (const request of requests) t.equal(request.get('code_challenge_method'), 'S256')
    const challenges = requests.map(request => request.get('code_challenge'))
    t.match(challenges, [/^[\w-]{43}$/, /^[\w-]{43}$/])
    t.not(challenges[0], challenges[1])
  })

  for (const [what, changes] of Object.entries({
    'without a challenge': { code_challenge: null, code_challenge_method: null },
    'without its method, which stands for plain': { code_challenge_method: null },
    'with the method plain': { code_challenge_method: 'plain' }
  })) {
    await t.test(`a request ${what} ends on a page that says so, without a code`, async t => {
      const browser = new Browser(lab)
      const page = await browser.open(await changedRequest(browser, changes))
      isRefusal(t, page, 'invalid_request')
      t.match(page.url, `${lab.app}/callback?error=invalid_request`)
      t.notMatch(browser.visited.join(' '), /[?&]code=/)
      await isSignedInAs(t, browser, undefined)
    })
  }

  /** The attacker has the victim open a request that is the attacker's own but for PKCE, steals its code and injects it. */
  async function attack () {
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    await victim.signIn('alice')
    const request = await changedRequest(attacker, { code_challenge: null, code_challenge_method: null })
    const stolen = await victim.open(request, {}, isCallback)
    return { attacker, stolen: new URL(stolen.url) }
  }

  await t.test('so nothing can be stolen that is of use in the attacker\'s browser', async t => {
    const { attacker, stolen } = await attack()
    t.equal(stolen.searchParams.get('code'), null)
    isRefusal(t, await attacker.request(stolen.href), 'invalid_request')
    await isSignedInAs(t, attacker, undefined)
  })

  await t.test('that is the provider\'s doing: at one that lets it pass, the attack succeeds', async t => {
    await makeProviderCareless(t, lab)
    const { attacker, stolen } = await attack()
    await attacker.open(stolen.href)
    await isSignedInAs(t, attacker, 'Alice Anders', 'the request had the attacker\'s state and nonce')
  })

  await t.test('a code that is bound to nothing, put into another answer, still has a nonce', async t => {
    await makeProviderCareless(t, lab)
    const [attacker, victim] = [new Browser(lab), new Browser(lab)]
    const page = await victim.open(await changedRequest(victim, { code_challenge: null, code_challenge_method: null }))
    const code = new URL((await victim.submit(page, credentialsOf(lab.user('alice')), undefined, isCallback)).url).searchParams.get('code')!
    isRefusal(t, await attacker.request(withParameters(await answerOfSignIn(attacker, 'bob'), { code })), 'invalid_id_token')
    await isSignedInAs(t, attacker, undefined)
  })
}
