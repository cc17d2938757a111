import { byClientAndUser, core, elsewhere, tokenFault, type Description, type Fault } from './fault.ts'

const specification = core('12.2', 'RefreshTokenResponse')

const refreshed = (
  fault: Pick<Description, 'name' | 'title' | 'does' | 'mustDo' | 'conformance'>, payload: Record<string, unknown>
) => tokenFault({
  ...fault,
  group: 'refresh',
  point: 'refreshed-id-token',
  outcome: 'refuse',
  scopes: byClientAndUser,
  specification,
  forge: (issued, forger) => forger.resign(issued, { payload })
})

export const refreshFaults: Fault[] = [
  refreshed({
    name: 'refresh-invalid-iss',
    title: 'Refreshed ID token of another issuer',
    does: `iss of the ID token that comes with a refresh is ${elsewhere.issuer}; correctly signed`,
    mustDo: 'Refuse the whole answer: iss must be the one of the sign-in.',
    conformance: 'oidcc-client-test-refresh-token-invalid-issuer'
  }, { iss: elsewhere.issuer }),
  refreshed({
    name: 'refresh-invalid-aud',
    title: 'Refreshed ID token for another client',
    does: `aud of the ID token that comes with a refresh is ${elsewhere.client}; correctly signed`,
    mustDo: 'Refuse the whole answer: aud must contain what it did at the sign-in.',
    conformance: 'oidcc-client-test-refresh-token-invalid-aud'
  }, { aud: elsewhere.client }),
  refreshed({
    name: 'refresh-invalid-sub',
    title: 'Refreshed ID token about somebody else',
    does: `sub of the ID token that comes with a refresh is ${elsewhere.user}; correctly signed`,
    mustDo: 'Refuse the whole answer, new access token included: sub must be the one of the sign-in, so it has to be kept.',
    conformance: 'oidcc-client-test-refresh-token-invalid-sub'
  }, { sub: elsewhere.user }),
  refreshed({
    name: 'refresh-invalid-azp',
    title: 'Refreshed ID token that another client was authorized to get',
    does: `azp of the ID token that comes with a refresh is ${elsewhere.client}, at the sign-in there was none; correctly signed`,
    mustDo: 'Refuse the whole answer: where the first ID token had no azp, the new one must have none.',
    conformance: 'oidcc-client-test-refresh-token-invalid-azp'
  }, { azp: elsewhere.client })
]
