import t from 'tap'
import { buildAlone } from './helper.ts'

t.test('tells a script in JSON what it tells a person on a page', async t => {
  const { tab } = await buildAlone(t)
  const problems: [string, number, string][] = [
    ['/nowhere', 404, 'not_found'],
    ['/login?return_to=//evil.example', 400, 'return_to_refused'],
    ['/callback?state=made-up', 400, 'state_unknown'],
    ['/login', 503, 'provider_unavailable']
  ]
  for (const [path, status, error] of problems) {
    const page = await tab().get(path)
    t.equal(page.status, status, path)
    t.match(page.headers['content-type'], 'text/html')
    t.equal(page.$('dl code').text(), error)
    const json = await tab().get(path, { accept: 'application/json' })
    t.equal(json.status, status)
    t.match(json.headers['content-type'], 'application/json')
    t.equal(json.json()['error'], error)
  }
})

t.test('shows problems on a page that works without a script', async t => {
  const { tab } = await buildAlone(t)
  const { $ } = await tab().get('/nowhere')
  t.equal($('html').attr('lang'), 'en')
  t.equal($('h1').text(), 'Page not found')
  t.equal($('script, [style]').length, 0)
  t.equal($('a:contains("Back to the start page")').attr('href'), '/')
})

t.test('serves what such a page refers to', async t => {
  const { tab } = await buildAlone(t)
  const { $ } = await tab().get('/nowhere')
  const assets = $('link').toArray().map(link => $(link).attr('href')!)
  t.ok(assets.length > 0)
  for (const asset of assets) t.equal((await tab().get(asset)).status, 200, asset)
})

t.test('limits how often one address may start a sign-in', async t => {
  const { tab } = await buildAlone(t, { SIGN_IN_RATE_LIMIT: '2' })
  t.equal((await tab().get('/login')).status, 503)
  t.equal((await tab().get('/login')).status, 503)

  const { status, headers, $ } = await tab().get('/login')
  t.equal(status, 429)
  t.match(headers['retry-after'], /^[1-9]\d*$/)
  t.equal($('dl code').text(), 'rate_limited')
  t.equal($('h1').text(), 'Too many sign-ins')
  t.equal((await tab().get('/')).status, 200, 'the rest of the site goes on')
  t.equal((await tab().get('/session')).status, 200)
})

t.test('limits how often one address may come back from a sign-in', async t => {
  const { tab } = await buildAlone(t, { SIGN_IN_RATE_LIMIT: '1' })
  t.equal((await tab().get('/callback?state=a')).status, 400)
  t.equal((await tab().get('/callback?state=a')).status, 429)
})

t.test('logs why a sign-in was refused, in one line without its values', async t => {
  const lines: string[] = []
  const { tab } = await buildAlone(t, { LOG_LEVEL: 'trace' }, { write: line => { lines.push(line) } })
  await tab().get('/callback?code=secret-code&state=secret-state', { cookie: 'session=secret-cookie' })
  const logged = lines.map(line => JSON.parse(line) as { level: number, msg: string })
  t.match(logged.filter(({ msg }) => msg.startsWith('refused')), [{ level: 30, msg: 'refused: state_unknown' }])
  t.notMatch(lines.join(''), /secret-/)
  t.notMatch(lines.join(''), '"stack"')
})
