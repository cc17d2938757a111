import t from 'tap'
import { answerOfSignIn, listenWithIdp } from './helper.ts'

// https://portswigger.net/web-security/host-header
const poison: Record<string, Record<string, string>> = {
  'a foreign Host': { host: 'evil.example' },
  'a Host with somebody\'s name before it': { host: 'evil.example@app.localhost' },
  'a Host with a foreign port': { host: 'app.localhost:6666' },
  'X-Forwarded-Host': { 'x-forwarded-host': 'evil.example' },
  'X-Forwarded-Host of this machine': { 'x-forwarded-host': 'localhost' },
  'X-Forwarded-Proto': { 'x-forwarded-proto': 'https' },
  'X-Forwarded-Port': { 'x-forwarded-port': '6666' },
  'X-Forwarded-Prefix': { 'x-forwarded-prefix': '//evil.example' },
  Forwarded: { forwarded: 'for=1.2.3.4;host=evil.example;proto=https' },
  'X-Host and X-Forwarded-Server': { 'x-host': 'evil.example', 'x-forwarded-server': 'evil.example' },
  'X-Original-URL and X-Rewrite-URL': { 'x-original-url': '/evil.example', 'x-rewrite-url': '/evil.example' },
  'X-HTTP-Method-Override': { 'x-http-method-override': 'DELETE' },
  'Origin and Referer': { origin: 'https://evil.example', referer: 'https://evil.example/' }
}

for (const trusted of ['', '127.0.0.1']) {
  t.test(`no address that is given out is made from a header${trusted && ', through a trusted proxy either'}`, async t => {
    const { idp, tab, config } = await listenWithIdp(t, { TRUSTED_PROXIES: trusted })
    for (const [what, headers] of Object.entries(poison)) {
      const visitor = tab()
      const isOurs = (answer: { location: URL | undefined, text: string, headers: Record<string, unknown> }) => {
        t.notMatch(answer.text + JSON.stringify(answer.headers), /evil|6666/, what)
        t.not(answer.location?.protocol, 'https:', what)
      }

      const login = await visitor.get('/login', headers)
      t.equal(login.location?.origin, config.issuer, what)
      t.equal(login.location?.searchParams.get('redirect_uri'), `${config.app}/callback`, what)
      isOurs(login)

      const callback = await visitor.get(await answerOfSignIn(visitor, idp, 'alice'), headers)
      t.equal(callback.location?.href, `${config.app}/messenger/login?return_to=%2F`, what)
      isOurs(callback)

      const messenger = await visitor.get('/messenger/login', headers)
      t.equal(messenger.location?.searchParams.get('redirect_uri'), `${config.app}/messenger/callback`, what)
      isOurs(messenger)

      const problem = await visitor.get('/callback?state=made-up', headers)
      t.equal(problem.status, 400, what)
      isOurs(problem)

      const { csrfToken } = (await visitor.get('/session')).json()
      const logout = await visitor.post('/logout', { ...headers, 'csrf-token': String(csrfToken) })
      t.equal(logout.status, 303, what)
      t.equal(logout.location?.searchParams.get('post_logout_redirect_uri'), `${config.app}/logout/callback`, what)
      isOurs(logout)
    }
  })
}

t.test('who makes up where a request is from is counted by where it is from', async t => {
  const { tab } = await listenWithIdp(t, { SIGN_IN_RATE_LIMIT: '2' })
  const statuses = []
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) {
    statuses.push((await tab().get('/login', { 'x-forwarded-for': address, 'x-real-ip': address })).status)
  }
  t.same(statuses, [303, 303, 429])
})

t.test('which a proxy that is trusted may say', async t => {
  const { tab } = await listenWithIdp(t, { SIGN_IN_RATE_LIMIT: '2', TRUSTED_PROXIES: '127.0.0.1' })
  const statusFrom = async (address: string) => (await tab().get('/login', { 'x-forwarded-for': address })).status
  for (let n = 1; n <= 3; n++) t.equal(await statusFrom(`192.0.2.${n}`), 303)
  t.equal(await statusFrom('192.0.2.1'), 303)
  t.equal(await statusFrom('192.0.2.1'), 429)
  t.equal(await statusFrom('192.0.2.1, 127.0.0.1'), 429)
})

// A target in absolute form has a host of its own: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
const targets = [
  'http://evil.example/', 'http://evil.example/login', 'https://evil.example/', '//evil.example/', '@evil.example/',
  '.evil.example/', '*', '\\evil.example'
]
for (const name of ['localhost', '127.0.0.1', 'app.localhost', 'evil.example']) {
  t.test(`a request for another host by its target leads nowhere but here, with ${name} as Host`, async t => {
    // Without a port, something that is appended to the address could belong to the host.
    const { ask, config } = await listenWithIdp(t, { APP_URL: 'http://app.localhost' })
    for (const target of targets) {
      const { status, headers, body } = await ask(`GET ${target}`, [`host: ${name}`])
      t.ok(status < 500, `${target}: ${status}`)
      const location = /^location: (.*)$/im.exec(headers)?.[1]
      if (location !== undefined) t.ok([config.app, config.issuer].includes(new URL(location).origin), location)
      // As a path of ours it names no host.
      t.notMatch(body.replaceAll(`href="${config.app}//evil.example/"`, ''), 'evil.example')
    }
  })
}

t.test('a line break brings no header of its own into an answer, encoded or not', async t => {
  const { ask } = await listenWithIdp(t)
  for (const path of ['/login', '/messenger/login']) {
    for (const lineBreak of ['%0d%0a', '%250d%250a', '%0a', '%E5%98%8D%E5%98%8A', '%C4%8D%C4%8A']) {
      const value = `/${lineBreak}evil:%20yes`
      const { headers } = await ask(`GET ${path}?return_to=${value}`)
      t.notMatch(headers, /^evil:/im, value)
    }
  }
  for (const header of [
    'cookie: session=a\r\n\tevil: yes', 'cookie: attempt.a%0d%0aevil:%20yes=1', 'host: app.localhost\revil: yes',
    'cookie: a=b\nevil: yes'
  ]) {
    const { status, headers } = await ask('GET /login', header.startsWith('host') ? [header] : ['host: app.localhost', header])
    t.ok(status < 500, String(status))
    t.notMatch(headers, /^evil:/im)
  }
})

t.test('what two servers could read differently is no request', async t => {
  const { send, host } = await listenWithIdp(t)
  const start = `POST /logout HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n`
  for (const rest of [
    'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'content-length: 5\r\ncontent-length: 6\r\n\r\nhello',
    'content-length: -1\r\n\r\n',
    'transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n', 'transfer-encoding : chunked\r\n\r\n0\r\n\r\n',
    'evil\u0000: yes\r\n\r\n', ' evil: yes\r\n\r\n'
  ]) {
    const { status } = await send(start + rest)
    t.equal(status, 400, JSON.stringify(rest))
  }
  t.equal((await send('GET / HTTP/1.1\r\nconnection: close\r\n\r\n')).status, 400, 'nor is one without a Host')
})
