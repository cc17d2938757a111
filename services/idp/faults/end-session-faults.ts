import type { KoaContextWithOIDC } from 'oidc-provider'
import { answerPlainly } from './broken-answers.ts'
import { answerFault, byClientAndUser, rfc, type Fault } from './fault.ts'

const common = { group: 'end-session', scopes: byClientAndUser } as const
const afterLogout = {
  section: 'OpenID Connect RP-Initiated Logout 1.0, 3',
  url: 'https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout'
}

/** Whether it goes back to a client that had sent a state. */
const bringsState = (ctx: KoaContextWithOIDC) => placeToGo(ctx)?.searchParams.has('state') ?? false

const placeToGo = (ctx: KoaContextWithOIDC) => URL.parse(ctx.response.get('location')) ?? undefined

function changeState (ctx: KoaContextWithOIDC, change: (parameters: URLSearchParams) => void): void {
  const location = placeToGo(ctx)!
  change(location.searchParams)
  ctx.set('location', location.href)
}

export const endSessionFaults: Fault[] = [
  answerFault({
    ...common,
    point: 'end-session-response',
    name: 'end-session-missing-state',
    title: 'Way back from a sign-out without state',
    does: 'the redirect to post_logout_redirect_uri has no state, although the logout request had one; the person is signed out',
    mustDo: 'Be signed out, as it ended its own session before, and show so; do nothing that only the right state may set off.',
    outcome: 'succeed',
    specification: afterLogout,
    conformance: 'oidcc-client-test-rp-init-logout-no-state',
    applies: bringsState,
    answer: ctx => changeState(ctx, parameters => parameters.delete('state'))
  }),
  answerFault({
    ...common,
    point: 'end-session-response',
    name: 'end-session-invalid-state',
    title: 'Way back from a sign-out with another state',
    does: 'the redirect to post_logout_redirect_uri has another state than the logout request; the person is signed out',
    mustDo: 'Be signed out, as it ended its own session before, and show so; do nothing that only the right state may set off.',
    outcome: 'succeed',
    specification: afterLogout,
    conformance: 'oidcc-client-test-rp-init-logout-other-state',
    applies: bringsState,
    answer: ctx => changeState(ctx, parameters => parameters.set('state', 'state-of-another-request'))
  }),
  answerFault({
    ...common,
    point: 'end-session-request',
    name: 'end-session-server-error',
    title: 'End-session endpoint in trouble',
    does: 'status 500, text, for a logout request that is good; the person stays signed in at the identity provider',
    mustDo: 'End its own session before it sends the browser here, so that the person is signed out there whatever happens here.',
    outcome: 'succeed',
    specification: rfc(9110, '15.6.1'),
    answer: ctx => answerPlainly(ctx, 500, 'Internal Server Error')
  })
]
