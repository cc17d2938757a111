import type { Test } from 'tap'
import { createControlApiClient } from '../../services/idp/control-api/control-api-client.ts'
import { Browser } from '../helpers/browser.ts'
import { inBatches } from '../helpers/batches.ts'
import type { Lab } from '../helpers/lab.ts'

const browserCount = 200
const batch = 40

/** Many people sign in at the same moment: nobody's attempt is lost, and nobody gets the session of somebody else. */
export async function manySignIns (t: Test, lab: Lab) {
  const { users } = createControlApiClient(lab.issuer)
  const names = ['crowd-1', 'crowd-2', 'crowd-3', 'crowd-4', 'crowd-5']
  t.teardown(() => Promise.all(names.map(name => users.remove(name))))

  await t.test(`${browserCount} browsers sign in at once, and each ends where it wanted to, as who it is`, async t => {
    // Without a password: to check so many would keep the provider busy for longer than a browser waits.
    const people = await Promise.all(names.map(name => users.put(name, { sign_in_by_hint: true })))
    const browsers = Array.from({ length: browserCount }, (_, index) => ({
      browser: new Browser(lab), person: people[index % people.length]!, target: `${lab.app}/?browser=${index}`
    }))
    const isProvider = (url: string) => url.startsWith(lab.issuer)
    // All have begun before the first one ends.
    const pages = await Promise.all(browsers.map(({ browser, person, target }) => browser.open(
      `${lab.app}/login/initiate?${new URLSearchParams({ iss: lab.issuer, login_hint: person.username, target_link_uri: target })}`,
      {}, isProvider)))
    // The provider of the lab has one process, and a browser waits for ten seconds.
    const ends = await inBatches(browsers, batch, ({ browser }, index) => browser.open(pages[index]!.url))
    t.strictSame(ends.map(({ url }) => url), browsers.map(({ target }) => target))
    const sessions = await Promise.all(browsers.map(({ browser }) => browser.session()))
    t.strictSame(sessions.map(({ user }) => user?.['sub']), browsers.map(({ person }) => person.sub))
  })
}
