import crypto from 'node:crypto'
import t from 'tap'

// Before anything imports the function: what is compared with it takes the same time whether it is nearly right or not. To
// measure that would be a matter of luck; that the token gets there is not.
const compared: [Buffer, Buffer][] = []
const { timingSafeEqual } = crypto
crypto.timingSafeEqual = (a, b) => {
  compared.push([Buffer.from(a as Buffer), Buffer.from(b as Buffer)])
  return timingSafeEqual(a, b)
}
t.teardown(() => { crypto.timingSafeEqual = timingSafeEqual })
const { buildWithIdp } = await import('../helper.ts')

const { idp, tab } = await buildWithIdp(t)
const visitor = tab()
await visitor.signIn(idp, 'alice')
const right = String((await visitor.get('/session')).json()['csrfToken'])
const last = right.at(-1) === 'A' ? 'B' : 'A'

const guesses: Record<string, string> = {
  'wrong from the first character on': `${right[0] === 'A' ? 'B' : 'A'}${right.slice(1)}`,
  'right but for the last character': `${right.slice(0, -1)}${last}`,
  'right, and a character more': `${right}A`,
  'right, and a character less': right.slice(0, -1),
  'wrong but for the beginning': `${right.slice(0, right.indexOf('-') + 1)}${'A'.repeat(43)}`,
  'nothing like it': 'A-B',
  'without the part that is made from the secret': right.slice(0, right.indexOf('-') + 1),
  'in other letters': right.toUpperCase(),
  'of characters with several bytes': `${right.slice(0, -2)}é`
}

for (const path of ['/logout', '/logout/everywhere', '/messenger/auth-code', '/sessions/any/end']) {
  t.test(`says of every wrong token the same at ${path}, and has compared it whole`, async t => {
    const answers = new Set<string>()
    for (const [what, guess] of Object.entries(guesses)) {
      compared.length = 0
      const { status, text, headers } = await visitor.post(path, { accept: 'application/json', 'csrf-token': guess })
      t.equal(status, 403, what)
      answers.add(JSON.stringify([status, text, headers['content-type'], headers['set-cookie']]))
      const sent = [Buffer.from(guess), Buffer.from(guess, 'latin1')]
      const about = compared.filter(([a, b]) => sent.some(bytes => bytes.equals(a) || bytes.equals(b)))
      t.equal(about.length, 1, `${what}: compared in constant time, once`)
      t.equal(about[0]?.[0].length, about[0]?.[1].length)
    }
    t.equal(answers.size, 1)
    t.match((await visitor.get('/session')).json(), { authenticated: true })
  })
}

t.test('takes the right one', async t => {
  t.equal((await visitor.post('/messenger/auth-code', { 'csrf-token': right })).status, 409)
})
