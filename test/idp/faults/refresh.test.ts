import { createLocalJWKSet, compactVerify } from 'jose'
import t from 'tap'
import type { Tokens } from '../helper.ts'
import {
  claimsOf, decode, decodeIdToken, jwksOf, proveGroup, SignedIn, startFaultyIdp, stopTheClock, withChanges
} from './helper.ts'

const rows: Record<string, Record<string, unknown>> = {
  'refresh-invalid-iss': { iss: 'https://elsewhere.example.com' },
  'refresh-invalid-aud': { aud: 'another-client' },
  'refresh-invalid-sub': { sub: 'another-user' },
  'refresh-invalid-azp': { azp: 'another-client' }
}

proveGroup(t, 'refresh', rows, async (t, fault, changes) => {
  const { idp, lab } = await startFaultyIdp(t)
  stopTheClock(t)
  const alice = await SignedIn.as(idp)
  const keys = createLocalJWKSet(await jwksOf(idp))
  const refreshed = async ({ refresh_token: refreshToken }: Tokens): Promise<Tokens> =>
    (await idp.refresh(idp.relyingParty, refreshToken!)).json()

  await lab.faults.switchOn(fault, { count: 1 })
  const signIn = await alice.tokens(idp.relyingParty, idp.offline)
  const clean = claimsOf(decodeIdToken(signIn))
  t.equal(clean.payload['aud'], 'relying-party', 'the ID token of the sign-in is as it should be')

  const faulty = await refreshed(signIn)
  t.same(claimsOf(decodeIdToken(faulty)), { header: clean.header, payload: withChanges(clean.payload, changes) })
  await t.resolves(compactVerify(faulty.id_token, keys), 'correctly signed')
  t.equal((await idp.userinfo(faulty.access_token)).statusCode, 200, 'the other tokens are good')

  const next = await refreshed(faulty)
  t.same(claimsOf(decodeIdToken(next)), clean, 'the next one is as it was')
})

t.test('leaves the ID token of a refresh alone where the fault is about those of sign-ins', async t => {
  const { idp, lab } = await startFaultyIdp(t)
  const tokens = await (await SignedIn.as(idp)).tokens(idp.relyingParty, idp.offline)
  await lab.faults.switchOn('id-token-invalid-aud')
  const response = await idp.refresh(idp.relyingParty, tokens.refresh_token!)
  t.equal(decode((response.json() as Tokens).id_token).payload['aud'], 'relying-party')
})
