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

export type TokenLifetimes = Static<typeof tokenLifetimes>
