import { Type } from '#lib/validation/schema.ts'
import { answerLate, answerPlainly, answerWithPage } from './broken-answers.ts'
import { answerFault, delay, discoverySpecification, elsewhere, rfc, type Fault } from './fault.ts'
import { changed } from './forger.ts'

const common = { group: 'discovery', point: 'discovery', scopes: [] } as const

/** What discovery has to say. */
const requiredFields = [
  'issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'response_types_supported', 'subject_types_supported',
  'id_token_signing_alg_values_supported'
] as const

export const discoveryFaults: Fault[] = [
  answerFault({
    ...common,
    name: 'discovery-issuer-mismatch',
    title: 'Discovery of another issuer',
    does: `issuer is ${elsewhere.issuer}; everything else is as it should be`,
    mustDo: 'Compare issuer with the URL that it asked, character by character, and use nothing of the document.',
    outcome: 'refuse',
    specification: discoverySpecification('4.3', 'ProviderConfigurationValidation'),
    conformance: 'oidcc-client-test-discovery-issuer-mismatch',
    answer: ctx => { ctx.body = changed(ctx.body as object, { issuer: elsewhere.issuer }) }
  }),
  answerFault({
    ...common,
    name: 'discovery-missing-field',
    title: 'Discovery without a required field',
    does: 'the field that the parameter names is left out; everything else is as it should be',
    mustDo: 'Not guess: no sign-in without the address or the promise that the field is about.',
    outcome: 'refuse',
    specification: discoverySpecification('3', 'ProviderMetadata'),
    parameters: Type.Object({
      field: Type.Union(requiredFields.map(field => Type.Literal(field)), {
        default: 'jwks_uri', description: 'what is left out'
      })
    }, { additionalProperties: false }),
    answer: (ctx, { field }) => { ctx.body = changed(ctx.body as object, { [field]: undefined }) }
  }),
  answerFault({
    ...common,
    name: 'discovery-html',
    title: 'Discovery that is a page',
    does: 'status 200 with a page of HTML, as of a proxy or a notice of maintenance',
    mustDo: 'Notice that it is not JSON, and use nothing of it; try again later.',
    outcome: 'retry',
    specification: discoverySpecification('4.2', 'ProviderConfigurationResponse'),
    answer: answerWithPage
  }),
  answerFault({
    ...common,
    name: 'discovery-server-error',
    title: 'Discovery that cannot be had',
    does: 'status 500, text',
    mustDo: 'Say that the identity provider has a problem, and try again later, without a restart.',
    outcome: 'retry',
    specification: rfc(9110, '15.6.1'),
    answer: ctx => answerPlainly(ctx, 500, 'Internal Server Error')
  }),
  answerFault({
    ...common,
    name: 'discovery-slow',
    title: 'Discovery that takes its time',
    does: 'the correct document, late',
    mustDo: 'Wait for as long as a person would, answer others meanwhile, and keep the document.',
    outcome: 'succeed',
    specification: discoverySpecification('4.2', 'ProviderConfigurationResponse'),
    parameters: delay,
    answer: answerLate
  })
]
