// What the library leaves to the application, by its hook for that.
import { inThisProcess } from './application.ts'
import { buildApplication } from './express-openid-connect.ts'
import { tryRelyingParty } from './trial.ts'

await tryRelyingParty({
  name: 'express-openid-connect 3.4.0 with the application\'s own checks',
  callbackPath: '/callback',
  meets: ['id-token', 'jwks'],
  otherwise: {},
  // For a key that it does not know it asks once more.
  options: { 'jwks-empty': { count: 2 } },
  host: t => inThisProcess(t, registration => buildApplication(registration, { checksMore: true }))
})
