import { Type, type Static } from '#lib/validation/schema.ts'

// As far as the clock can be moved.
const mostSeconds = 10 * 365 * 24 * 60 * 60

const seconds = (description: string) => Type.Optional(Type.Integer({ minimum: 1, maximum: mostSeconds, description }))

/** How long what is issued lasts, in seconds; what is left out follows from elsewhere. */
export const tokenLifetimes = Type.Object({
  access_token: seconds('of access tokens, in seconds'),
  id_token: seconds('of ID tokens, in seconds'),
  refresh_token: seconds('of refresh tokens, in seconds; one that was had without offline_access ends with the session all the same'),
  code: seconds('of authorization codes, in seconds')
}, { additionalProperties: false })

/** Which claims of the scopes asked for stand in the ID token too. */
export const idTokenClaims = Type.Union([Type.Array(Type.String()), Type.Literal('all')], {
  default: [], description: 'claims of the scopes asked for that stand in the ID token too, and not only at the userinfo endpoint; `all`: every one of them'
})

/** Who gets refresh tokens. */
export const refreshTokens = Type.Enum(['offline_access', 'always'], {
  default: 'offline_access', description: 'always: a refresh token without offline_access as well, one that ends with the session'
})

export type TokenLifetimes = Static<typeof tokenLifetimes>
