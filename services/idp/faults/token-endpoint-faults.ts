import { Type } from '#lib/validation/schema.ts'
import { answerLate, answerPlainly, hangUp, waitUnlessGone } from './broken-answers.ts'
import { answerFault, byClientAndUser, core, delay, rfc, type Fault } from './fault.ts'

const common = { group: 'token-endpoint', scopes: byClientAndUser } as const
const spent = 'A correct request gets this answer in place of tokens, and its code or refresh token stays unused'

const inPlaceOfTokens: Fault[] = [
  answerFault({
    ...common,
    point: 'token-request',
    name: 'token-endpoint-server-error',
    title: 'Token endpoint in trouble',
    does: `status 500, text. ${spent}`,
    mustDo: 'No session; say that the identity provider has a problem, offer to sign in again. At a refresh keep what there is.',
    outcome: 'retry',
    specification: rfc(9110, '15.6.1'),
    answer: ctx => answerPlainly(ctx, 500, 'Internal Server Error')
  }),
  answerFault({
    ...common,
    point: 'token-request',
    name: 'token-endpoint-too-many-requests',
    title: 'Token endpoint that asks for patience',
    does: `status 429 with Retry-After, text. ${spent}`,
    mustDo: 'No session, and no other request before the time of Retry-After is over.',
    outcome: 'retry',
    specification: rfc(6585, '4'),
    parameters: Type.Object({
      retryAfterSeconds: Type.Integer({ default: 5, minimum: 0, maximum: 3600, description: 'the value of Retry-After' })
    }, { additionalProperties: false }),
    answer: (ctx, { retryAfterSeconds }) => {
      answerPlainly(ctx, 429, 'Too Many Requests')
      ctx.set('retry-after', String(retryAfterSeconds))
    }
  }),
  answerFault({
    ...common,
    point: 'token-request',
    name: 'token-endpoint-timeout',
    title: 'Token endpoint that does not answer',
    does: `no answer until the client gives up, or the connection is closed after the seconds of the parameter. ${spent}`,
    mustDo: 'Give up after a time that a person would wait; no session, and a way to try again.',
    outcome: 'retry',
    specification: rfc(9110, '9.2.2'),
    parameters: Type.Object({
      seconds: Type.Number({ default: 60, minimum: 0, maximum: 300, description: 'when the connection is closed' })
    }, { additionalProperties: false }),
    answer: async (ctx, { seconds }) => {
      await waitUnlessGone(ctx, seconds)
      hangUp(ctx)
    }
  }),
  answerFault({
    ...common,
    point: 'token-request',
    name: 'token-endpoint-invalid-grant',
    title: 'Token endpoint that refuses a good code or refresh token',
    does: `status 400, { "error": "invalid_grant" }. ${spent}. With count 1: once, then good`,
    mustDo: 'No session; not send the same code again, but begin a new authorization request, once. At a refresh: sign the ' +
      'person out or have them sign in again.',
    outcome: 'retry',
    specification: rfc(6749, '5.2'),
    answer: ctx => {
      ctx.status = 400
      ctx.type = 'application/json; charset=utf-8'
      ctx.body = { error: 'invalid_grant', error_description: 'the fault token-endpoint-invalid-grant is switched on' }
    }
  })
]

const spoiltTokens: Fault[] = [
  answerFault({
    ...common,
    point: 'token-response',
    name: 'token-endpoint-truncated-json',
    title: 'Token response that breaks off',
    does: 'the first half of the token response, with the content-length of that half: good HTTP, broken JSON. The code is used',
    mustDo: 'Notice that it is not JSON and use nothing of it: no session, and a way to sign in again.',
    outcome: 'retry',
    specification: rfc(6749, '5.1'),
    answer: ctx => {
      const json = JSON.stringify(ctx.body)
      ctx.type = 'application/json; charset=utf-8'
      ctx.body = json.slice(0, json.length / 2)
    }
  }),
  answerFault({
    ...common,
    point: 'token-response',
    name: 'token-endpoint-wrong-content-type',
    title: 'Token response that says it is a page',
    does: 'the correct token response with content-type text/html. The code is used',
    mustDo: 'Use no token of an answer that is not application/json, as the specification demands of the provider, or read the JSON all ' +
      'the same, which is lenient and not forbidden. Without a session, offer a way to sign in again.',
    outcome: 'may',
    specification: rfc(6749, '5.1'),
    answer: ctx => {
      ctx.body = JSON.stringify(ctx.body)
      ctx.type = 'text/html; charset=utf-8'
    }
  }),
  answerFault({
    ...common,
    point: 'token-response',
    name: 'token-endpoint-slow',
    title: 'Token endpoint that takes its time',
    does: 'the correct token response, late. The code is used at once, also for a client that does not wait',
    mustDo: 'Wait for as long as a person would, and let two tabs or a reload not send the same code twice.',
    outcome: 'succeed',
    specification: core('3.1.3.3', 'TokenResponse'),
    parameters: delay,
    answer: answerLate
  })
]

export const tokenEndpointFaults: Fault[] = [...inPlaceOfTokens, ...spoiltTokens]
