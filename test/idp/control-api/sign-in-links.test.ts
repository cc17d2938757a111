import t from 'tap'
import { startIdp, Visitor } from '../helper.ts'

const idp = await startIdp(t)
const target = 'http://app.localhost:3000/login'

async function linkFor (username: string, realm = idp) {
  const { host } = new URL(realm.issuer)
  const response = await realm.app.inject({ method: 'POST', url: `${realm.base}/lab/sign-in-links`, headers: { host }, payload: { username, target } })
  return { status: response.statusCode, body: response.json<{ url: string, error_description: string }>() }
}

/** Who is signed in in a browser: asked without a page. */
async function knownIn (visitor: Visitor, realm = idp) {
  const { location } = await visitor.open(realm.authorizationRequest(realm.relyingParty, { prompt: 'none' }))
  const code = location!.searchParams.get('code')
  return code === null ? undefined : (await realm.userinfo((await realm.redeem(realm.relyingParty, code)).json().access_token)).json().name
}

t.test('a link signs in whoever opens it, in place of whoever was, and leads on', async t => {
  const visitor = new Visitor(idp)
  await visitor.signIn('bob')
  const { url } = (await linkFor('alice')).body
  t.equal((await visitor.open(url)).location!.href, target)
  t.equal(await knownIn(visitor), 'Alice Anders')
})

t.test('a link works once', async t => {
  const { url } = (await linkFor('alice')).body
  await new Visitor(idp).open(url)
  const late = new Visitor(idp)
  t.match(await late.open(url), { status: 400, location: undefined })
  t.equal(await knownIn(late), undefined)
})

t.test('a link of a realm signs in there alone', async t => {
  const blue = await idp.realm('blue')
  const visitor = new Visitor(blue)
  const { url } = (await linkFor('alice', blue)).body
  t.ok(url.startsWith(`${blue.issuer}/`))
  await visitor.open(url)
  t.equal(await knownIn(visitor, blue), 'Alice Anders')
  t.equal(await knownIn(new Visitor(idp, visitor.jar)), undefined)
})

t.test('there is no link for nobody, nor for who cannot sign in', async t => {
  t.match(await linkFor('nobody'), { status: 404, body: { error_description: /no user “nobody”/ } })
  t.match(await linkFor('frida'), { status: 409, body: { error_description: /disabled/ } })
  const { url } = (await linkFor('bob')).body
  await idp.lab.users.disable('bob')
  const visitor = new Visitor(idp)
  t.match(await visitor.open(url), { location: undefined }, 'who has been disabled since')
  await idp.lab.users.enable('bob')
})
