import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { Browser } from '../../scripts/strictness/browser.ts'
import { serve } from './providers.ts'

const client = 'https://app.example/callback'

/** A provider that answers a path with a page, or with a redirect, and what forms it was sent. */
async function startPages (t: Test, pages: Record<string, string>) {
  const sent: string[] = []
  const url = await serve(t, () => async (request, response) => {
    if (request.method === 'POST') sent.push(`${request.url} ${await text(request)}`)
    const page = pages[request.url ?? '']
    if (page?.startsWith('http')) response.writeHead(303, { location: page }).end()
    else response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html' }).end(page)
  })
  return { url, sent }
}

const browse = (user: { username?: string, password?: string } = { username: 'ann', password: 'secret' }) =>
  new Browser(user, url => url.href.startsWith(client))

t.test('signs in on two pages, agrees where a cancel comes first, and sends on what a script would have sent', async t => {
  const { url, sent } = await startPages(t, {
    '/start': '<form method="post" action="/name"><input name="csrf" type="hidden" value="1">' +
      '<input type="email" name="identifier"><button>Next</button></form>',
    '/name': '<form action="/search"><input name="q"></form>' +
      '<form method="post" action="/password"><input type="password" name="pw"><button>Sign in</button></form>',
    '/password': '<form method="post" action="/no"><button>Cancel</button></form>' +
      '<form id="f" method="post" action="/yes"></form>' +
      '<button form="f" name="agree" value="no">Do not allow</button><button form="f" name="agree" value="yes">Allow</button>',
    '/yes': '<form method="post" action="/on"><input type="hidden" name="step" value="2"></form>',
    '/on': `${client}?code=x`
  })
  const browser = browse()
  const { left } = await browser.open(`${url}/start`)
  t.same(sent, ['/name csrf=1&identifier=ann', '/password pw=secret', '/yes agree=yes', '/on step=2'])
  t.equal(left?.href, `${client}?code=x`)
  t.same(browser.signInPages.map(page => page.url), [`${url}/name`])
  t.same(browser.redirectsAfterForms, [303])
})

t.test('stays on a page that leads no further, or from which one can only go back', async t => {
  const { url, sent } = await startPages(t, {
    '/plain': '<p>This is all.</p>', '/back': '<form method="post" action="/no"><button>Go back</button></form>'
  })
  for (const path of ['/plain', '/back', '/missing']) {
    const { left, page } = await browse().open(url + path)
    t.equal(left, undefined)
    t.equal(page.status, path === '/missing' ? 404 : 200)
  }
  t.same(sent, [])
})

t.test('types a password once, and none that it does not have', async t => {
  const form = '<form method="post" action="/start"><input name="login"><input type="password" name="pw"></form>'
  const { url, sent } = await startPages(t, { '/start': form })
  await t.rejects(browse().open(`${url}/start`), { name: 'SignInError', message: 'does not let ann in with this password' })
  t.same(sent, ['/start login=ann&pw=secret'])
  await t.rejects(browse({}).open(`${url}/start`), { name: 'SignInError', message: 'give --username and --password' })
  t.equal(sent.length, 1)
})

t.test('gives up on a way without an end', async t => {
  const pages: Record<string, string> = {}
  const { url } = await startPages(t, pages)
  pages['/loop'] = `${url}/loop`
  await t.rejects(browse().open(`${url}/loop`), { message: 'no end after 30 pages and redirects, the last of them at http' })
})
