import t from 'tap'
import { newContext, startChromium } from '../helpers/chromium.ts'
import { listen, startBareProvider } from './any-provider/bare-provider.ts'
import { Person } from './any-provider/person.ts'
import { freeAddresses, startRelyingParty } from './any-provider/relying-party.ts'

// The provider has its people sign out where they have signed in for it, which no relying party knows of.
const title = 'an ID token that is too long for an address goes to the provider by itself, wherever that leads'

t.test(title, async t => {
  const chromium = await startChromium(t, title)
  if (!chromium) return
  const [addresses, upstream] = [await freeAddresses(), await freeAddresses()]
  await listen(t, Number(upstream.ports.IDP_PORT), (_request, response) => { response.end('signed out upstream') })
  const posted: Record<string, unknown>[] = []
  await startBareProvider(t, addresses, {
    configuration: {
      enableHttpPostMethods: true,
      cookies: { long: { sameSite: 'none' } },
      conformIdTokenClaims: false,
      claims: { openid: ['sub', 'groups'] },
      findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, groups: Array.from({ length: 400 }, (_, n) => `group ${n} of the estuary`) }) })
    },
    prepare: provider => {
      provider.use(async (ctx, next) => {
        await next()
        if (ctx.path !== '/session/end') return
        posted.push({ method: ctx.method, ...ctx.oidc.body })
        ctx.status = 303
        ctx.redirect(`${upstream.idp}/logout`)
      })
    }
  })
  const { origin } = await startRelyingParty(t, addresses)
  const person = new Person(origin)
  await person.signIn()
  const context = await newContext(t, chromium)
  await context.addCookies((await person.jar.getCookies(origin)).map(({ key, value }) => ({ name: key, value, url: origin })))
  const page = await context.newPage()
  await page.goto(`${origin}/`)

  const location = await page.evaluate(`fetch('/session').then(response => response.json()).then(({ csrfToken }) =>
    fetch('/logout', { method: 'POST', headers: { accept: 'application/json', 'csrf-token': csrfToken } })
  ).then(response => response.json()).then(({ location }) => location)`) as string
  t.match(location, `${origin}/logout/at-provider?`)
  await page.goto(location)
  await page.waitForURL(`${upstream.idp}/logout`)
  t.match(posted, [{ method: 'POST', id_token_hint: /^eyJ.{10000}/, client_id: 'relying-party', state: /./ }])
})
