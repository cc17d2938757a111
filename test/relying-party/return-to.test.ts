import t from 'tap'
import { buildAlone } from './helper.ts'

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

const outside = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r\n//evil.example',
  '\t//evil.example',
  '/..//evil.example',
  '/.//evil.example',
  '/tours/..//evil.example',
  'https://evil.example/',
  'HTTPS:evil.example',
  'http://app.localhost:3000@evil.example/',
  '//app.localhost:3000@evil.example/',
  '//someone@app.localhost:3000/',
  'evil.example',
  'tours',
  '?tours',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  '/login',
  '/login?return_to=/',
  '/login/',
  '/tours/../login',
  '/%6Cogin',
  '/callback?code=x&state=y',
  '/logout',
  '/messenger/login',
  '/messenger/callback',
  '/messenger/auth-code'
]
for (const returnTo of outside) {
  t.test(`refuses ${JSON.stringify(returnTo)} as a way back`, async t => {
    const { tab } = await buildAlone(t)
    for (const path of [address(returnTo), address(returnTo).replace('/login', '/messenger/login')]) {
      const { status, location, headers, $ } = await tab().get(path)
      t.equal(status, 400, path)
      t.equal(location, undefined)
      t.equal(headers['set-cookie'], undefined)
      t.match(headers['content-type'], 'text/html')
      t.match($('dl').text(), 'return_to_refused')
      t.notMatch($('a').toArray().map(link => $(link).attr('href')).join(' '), 'evil', 'and does not link to it')
    }
  })
}

t.test('refuses an address that is too long, and one that is there twice', async t => {
  const { tab } = await buildAlone(t)
  for (const path of [address(`/${'a'.repeat(2001)}`), '/login?return_to=/a&return_to=/b']) {
    const { status, location, headers } = await tab().get(path)
    t.equal(status, 400)
    t.equal(location, undefined)
    t.match(headers['content-type'], 'text/html')
  }
})
