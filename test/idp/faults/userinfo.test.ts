import t, { type Test } from 'tap'
import type { Idp } from '../helper.ts'
import { proveGroup, SignedIn, startFaultyIdp, withChanges } from './helper.ts'

type Answer = Awaited<ReturnType<Idp['userinfo']>>

const rows: Record<string, (t: Test, faulty: Answer, clean: Answer, issuer: string) => void> = {
  'userinfo-invalid-sub': (t, faulty, clean) => {
    t.equal(faulty.statusCode, 200)
    t.equal(faulty.headers['content-type'], clean.headers['content-type'])
    t.same(faulty.json(), withChanges(clean.json(), { sub: 'another-user' }))
  },
  'userinfo-unauthorized': (t, faulty, _clean, issuer) => {
    t.equal(faulty.statusCode, 401)
    t.equal(faulty.headers['www-authenticate'], `Bearer realm="${issuer}", error="invalid_token"`)
    t.equal(faulty.json().error, 'invalid_token')
  },
  'userinfo-not-json': (t, faulty) => {
    t.equal(faulty.statusCode, 200)
    t.equal(faulty.headers['content-type'], 'text/html; charset=utf-8')
    t.match(faulty.body, /^<!doctype html>/)
  }
}

proveGroup(t, 'userinfo', rows, async (t, fault, prove) => {
  const { idp, lab } = await startFaultyIdp(t)
  const { access_token: accessToken } = await (await SignedIn.as(idp)).tokens()
  const clean = await idp.userinfo(accessToken)
  await lab.faults.switchOn(fault, { count: 1 })

  const refused = (await idp.userinfo('no-such-token')).json()
  t.equal(refused.error_description, 'invalid token provided', 'a bad request is refused as ever')
  prove(t, await idp.userinfo(accessToken), clean, idp.config.issuer)
  t.same((await idp.userinfo(accessToken)).json(), clean.json(), 'the next one is as it was')
})
