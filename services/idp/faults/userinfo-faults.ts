import { answerWithPage } from './broken-answers.ts'
import { answerFault, byClientAndUser, core, elsewhere, type Fault } from './fault.ts'
import { changed } from './forger.ts'

const common = { group: 'userinfo', point: 'userinfo', scopes: byClientAndUser } as const

export const userinfoFaults: Fault[] = [
  answerFault({
    ...common,
    name: 'userinfo-invalid-sub',
    title: 'Claims about somebody else',
    does: `sub is ${elsewhere.user}; the other claims are those of the person who is signed in`,
    mustDo: 'Compare sub with that of the ID token, and use none of the claims.',
    outcome: 'refuse',
    specification: core('5.3.2', 'UserInfoResponse'),
    conformance: 'oidcc-client-test-userinfo-invalid-sub',
    answer: ctx => { ctx.body = changed(ctx.body as object, { sub: elsewhere.user }) }
  }),
  answerFault({
    ...common,
    name: 'userinfo-unauthorized',
    title: 'Access token that is refused',
    does: 'status 401 with WWW-Authenticate: Bearer, error invalid_token, for an access token that is good',
    mustDo: 'Use a new access token, by a refresh or a new sign-in, and not the same one again and again.',
    outcome: 'retry',
    specification: core('5.3.3', 'UserInfoError'),
    answer: ctx => {
      ctx.status = 401
      ctx.set('www-authenticate', `Bearer realm="${ctx.oidc.provider.issuer}", error="invalid_token"`)
      ctx.type = 'application/json; charset=utf-8'
      ctx.body = { error: 'invalid_token', error_description: 'the fault userinfo-unauthorized is switched on' }
    }
  }),
  answerFault({
    ...common,
    name: 'userinfo-not-json',
    title: 'Claims that are a page',
    does: 'status 200 with a page of HTML, as of a proxy or a notice of maintenance',
    mustDo: 'Notice that it is not JSON, and use none of it.',
    outcome: 'refuse',
    specification: core('5.3.4', 'UserInfoResponseValidation'),
    answer: answerWithPage
  })
]
