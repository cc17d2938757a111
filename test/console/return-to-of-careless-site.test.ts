import tap from 'tap'
import { limitsReturnTo } from '../../services/console/lessons/careless/checks/limits-return-to.ts'
import { spellingsOf } from '../../services/console/lessons/play/spellings.ts'

const [home, elsewhere] = ['http://careless.localhost:3003/a/1f/', 'http://evil.localhost:3003/a/1f/copy']
const spellings = spellingsOf(elsewhere, home)

tap.test('a browser takes every way in which the attacker writes his address for his', async t => {
  for (const spelling of spellings) t.match(new URL(spelling, home), { host: 'evil.localhost:3003', pathname: '/a/1f/copy' }, JSON.stringify(spelling))
})

tap.test('the careful check goes on to pages of the site alone, however the address is written', async t => {
  const more = [
    'http://evil@careless.localhost:3003/a/1f/', 'http://careless.localhost:3003.evil.localhost/a/1f/', 'https://careless.localhost:3003/a/1f/',
    'http://careless.localhost:3003/a/2e/', '../2e/', '%2e%2e/2e/', '..\\2e/', '/a/1f', 'javascript:alert(1)', `blob:${home}`, 'http://[', undefined
  ]
  for (const spelling of [...spellings, ...more]) t.equal(limitsReturnTo(spelling, home), home, JSON.stringify(spelling))
})

tap.test('the careful check keeps pages of the site', async t => {
  for (const page of ['account', 'account?a=//evil#b', `${home}account`, '/a/1f/account', './account']) {
    t.equal(limitsReturnTo(page, home), new URL(page, home).href, page)
    t.ok(limitsReturnTo(page, home).startsWith(`${home}account`))
  }
})
