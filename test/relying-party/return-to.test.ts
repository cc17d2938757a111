import t from 'tap'
import { buildAlone } from './helper.ts'

// What is refused is in attacks/open-redirect.test.ts.
// Nobody is at the identity provider's address, so an address that is accepted shows up in the link to try again.
const address = (returnTo: string) => `/login?${new URLSearchParams({ return_to: returnTo })}`

const inside: [string, string][] = [
  ['/', '/'],
  ['/tours', '/tours'],
  ['/tours?day=1&tide=high#first-light', '/tours?day=1&tide=high#first-light'],
  ['/?next=https://evil.example/', '/?next=https://evil.example/'],
  ['/tours/../hire', '/hire'],
  ['/@evil.example', '/@evil.example'],
  ['/logins', '/logins'],
  ['/a b', '/a%20b'],
  ['', '/']
]
for (const [returnTo, expected] of inside) {
  t.test(`keeps ${JSON.stringify(returnTo)} as the way back`, async t => {
    const { tab } = await buildAlone(t)
    const { status, $ } = await tab().get(address(returnTo))
    t.equal(status, 503)
    t.equal($('a:contains("Try again")').attr('href'), address(expected))
  })
}
