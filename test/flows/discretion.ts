import type { Test } from 'tap'
import { Browser } from '../helpers/browser.ts'
import { GenesysApi, type Handover } from '../helpers/genesys-api.ts'
import type { Lab } from '../helpers/lab.ts'

/** What the services write down about it all. */
export async function discretion (t: Test, lab: Lab) {
  await t.test('no code, token, cookie, password or secret ever reaches a log line', async t => {
    const browser = new Browser(lab)
    await browser.signIn('alice')
    const handover = (await browser.authCode()).json() as Handover
    const api = new GenesysApi(lab)
    const { body: tokens } = await api.exchange(api.exchangeBody(handover))
    await api.exchange(api.exchangeBody(handover))
    const guest = await api.connect()
    await api.configure(guest, tokens.jwt)
    await guest.close()
    const cookies = [...await browser.jar.getCookies(lab.app), ...await browser.jar.getCookies(lab.issuer)].map(({ value }) => value)
    await browser.signOut()

    const parameters = ['code', 'state', 'nonce', 'code_challenge', 'id_token_hint']
    const sent = browser.visited.flatMap(url => parameters.map(name => new URL(url).searchParams.get(name)))
    const secrets = [
      ...sent, ...cookies, ...Object.values(handover).filter(value => !value.startsWith('http')), tokens.jwt, tokens.refreshToken,
      guest.token, lab.user('alice').password, lab.settings['OIDC_CLIENT_SECRET'], lab.settings['GENESYS_CLIENT_SECRET'],
      lab.settings['SESSION_KEY']
    ].filter(value => value !== null && value !== undefined && value.length > 8)
    t.ok(secrets.length > 15, `${secrets.length} secrets to look for`)

    const logs = await lab.logs()
    t.match(logs, /\/callback\?code=…/, 'the log tells what happened')
    t.strictSame(secrets.filter(secret => logs.includes(secret!)), [])
  })
}
