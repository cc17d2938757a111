import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { decodeJwt, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { openStore } from '#lib/store.ts'
import { openJwts } from '../../services/genesys/auth/jwt.ts'
import { openTokens } from '../../services/genesys/auth/tokens.ts'
import { ada, anonymousDeploymentId, deploymentId, grace, temporaryFolder } from './helper.ts'

/** An identity provider that renews everything. */
const willing = { refresh: async () => ({ identity: undefined, accessTokenExpiresIn: 300, refreshToken: undefined }) }
const idpRefreshToken = 'of-the-identity-provider'

const issuer = 'http://genesys.localhost:3002'

async function open (t: Test, folder = temporaryFolder(t)) {
  const store = openStore(join(folder, 'genesys.sqlite'))
  t.teardown(() => store.close())
  const jwts = await openJwts(folder, issuer)
  return { folder, jwts, tokens: openTokens(store, jwts) }
}

const lifeOf = (jwt: string) => {
  const { exp = 0, iat = 0 } = decodeJwt(jwt)
  return exp - iat
}

t.test('issues a JWT that stands for the user and the deployment', async t => {
  const { tokens } = await open(t)
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  t.match(await tokens.verify(jwt), { deploymentId, identity: ada })
})

t.test('issues JWTs that live 15 minutes, or as long as the access token where that is shorter', async t => {
  const { tokens } = await open(t)
  const cases: [number | undefined, number][] = [[undefined, 900], [3600, 900], [300, 300]]
  for (const [accessTokenExpiresIn, life] of cases) {
    const { jwt } = await tokens.issue({ deploymentId, identity: ada, accessTokenExpiresIn })
    t.equal(lifeOf(jwt), life)
  }
})

t.test('refuses a JWT that has expired, while the refresh token gives another', async t => {
  const { tokens } = await open(t)
  const { jwt, refreshToken } = await tokens.issue({ deploymentId, identity: ada, accessTokenExpiresIn: 0, idpRefreshToken })
  t.equal(await tokens.verify(jwt), undefined)
  const refreshed = await tokens.refresh((await tokens.find(refreshToken!))!, willing)
  t.match(await tokens.verify(refreshed!), { identity: ada })
  t.equal(lifeOf(refreshed!), 300)
})

t.test('refuses a JWT that it has not made, or made for something else', async t => {
  const { tokens, jwts, folder } = await open(t)
  const { jwt } = await tokens.issue({ deploymentId, identity: ada })
  const claims = decodeJwt(jwt)
  const { hs256 } = JSON.parse(readFileSync(join(folder, 'jwt-key.json'), 'utf8'))
  const sign = (key: string, alg: string) => new SignJWT(claims).setProtectedHeader({ alg }).sign(Buffer.from(key, 'base64url'))

  t.ok(await tokens.verify(await sign(hs256, 'HS256')), 'the same claims under the same key are fine')
  t.equal(await tokens.verify(await sign('b'.repeat(43), 'HS256')), undefined, 'another key')
  t.equal(await tokens.verify(await sign(hs256, 'HS512')), undefined, 'another algorithm')
  t.equal(await tokens.verify((await jwts.sign('guest-history', claims, 60)).jwt), undefined, 'another audience')
  t.equal(await tokens.verify('nonsense'), undefined)
})

t.test('refuses what was revoked, in every tab and on every device of the user, and nobody else\'s', async t => {
  const { tokens } = await open(t)
  const first = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken })
  const second = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken })
  const elsewhere = await tokens.issue({ deploymentId: anonymousDeploymentId, identity: ada, idpRefreshToken })
  const other = await tokens.issue({ deploymentId, identity: grace, idpRefreshToken })

  await tokens.revoke((await tokens.verify(first.jwt))!)
  for (const { jwt, refreshToken } of [first, second]) {
    t.equal(await tokens.verify(jwt), undefined)
    t.equal(await tokens.find(refreshToken!), undefined)
  }
  t.ok(await tokens.verify(elsewhere.jwt), 'the user on another deployment')
  t.ok(await tokens.verify(other.jwt), 'another user')
  t.ok(await tokens.find(other.refreshToken!))
})

t.test('keeps its tokens over a restart, and the refresh token not in the clear', async t => {
  const { tokens, folder } = await open(t)
  const { jwt, refreshToken } = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken })
  const { tokens: restarted } = await open(t, folder)
  t.ok(await restarted.verify(jwt))
  t.ok(await restarted.find(refreshToken!))
  for (const file of ['genesys.sqlite', 'genesys.sqlite-wal']) {
    t.notOk(readFileSync(join(folder, file)).includes(refreshToken!), file)
  }
})

t.test('issues no refresh token without one of the identity provider', async t => {
  const { tokens } = await open(t)
  t.same(Object.keys(await tokens.issue({ deploymentId, identity: ada })), ['jwt'])
})

t.test('lets two replicas that refresh at once ask the identity provider once', async t => {
  const { tokens, folder } = await open(t)
  const { tokens: replica } = await open(t, folder)
  const { refreshToken } = await tokens.issue({ deploymentId, identity: ada, idpRefreshToken })
  const asked: string[] = []
  const slow = {
    async refresh (presented: string) {
      asked.push(presented)
      await new Promise(resolve => setTimeout(resolve, 20))
      return { identity: undefined, accessTokenExpiresIn: 300, refreshToken: `${presented}-rotated` }
    }
  }
  const grants = await Promise.all([tokens, replica].map(async of => (await of.find(refreshToken!))!))
  const jwts = await Promise.all([tokens.refresh(grants[0]!, slow), replica.refresh(grants[1]!, slow)])
  for (const jwt of jwts) t.ok(await tokens.verify(jwt!))
  t.same(asked, [idpRefreshToken])

  await replica.refresh((await replica.find(refreshToken!))!, slow)
  t.same(asked, [idpRefreshToken, `${idpRefreshToken}-rotated`], 'the next time with what the first has brought')
})
