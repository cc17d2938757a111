import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errors, type Provider } from 'oidc-provider'
import type { Accounts, User } from '../users.ts'

const params = Type.Object({ uid: Type.String({ maxLength: 64 }) })

/** The answers to the consent page, and the way out of it and of the sign-in page. */
export const consentRoutes: FastifyPluginAsyncTypebox<{ provider: Provider }> = async (app, { provider }) => {
  app.post('/interaction/:uid/consent', { schema: { params } }, async (request, reply) => {
    const { prompt, params, session, grantId } = await provider.interactionDetails(request.raw, reply.raw)
    if (prompt.name !== 'consent' || !session) throw new errors.SessionNotFound('there is nothing to consent to')

    const grant = (grantId && await provider.Grant.find(grantId)) ||
      new provider.Grant({ accountId: session.accountId, clientId: String(params['client_id']) })
    const { missingOIDCScope, missingOIDCClaims } = prompt.details as ConsentDetails
    if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(' '))
    if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims)

    return reply.redirect(await provider.interactionResult(request.raw, reply.raw, {
      consent: { grantId: await grant.save() }
    }, { mergeWithLastSubmission: true }), 303)
  })

  app.post('/interaction/:uid/cancel', { schema: { params } }, async (request, reply) => {
    return reply.redirect(await provider.interactionResult(request.raw, reply.raw, {
      error: 'access_denied', error_description: 'the person chose to cancel'
    }, { mergeWithLastSubmission: false }), 303)
  })
}

interface ConsentDetails { missingOIDCScope?: string[], missingOIDCClaims?: string[] }

interface Shared { words: string, value: string | undefined }

const claimsInWords: Record<string, string> = {
  name: 'your full name',
  given_name: 'your given name',
  family_name: 'your family name',
  preferred_username: 'your user name',
  picture: 'your picture',
  locale: 'your language',
  zoneinfo: 'your time zone',
  email: 'your email address',
  email_verified: 'whether the email address is verified',
  phone_number: 'your phone number',
  phone_number_verified: 'whether the phone number is verified',
  address: 'your postal address'
}

const scopesInWords: Record<string, { words: string, claims: string[] }> = {
  openid: { words: 'Know who you are: an identifier that is always the same for you', claims: [] },
  profile: { words: 'Read your profile', claims: ['name', 'given_name', 'family_name', 'preferred_username', 'picture', 'locale', 'zoneinfo'] },
  email: { words: 'Read your email address', claims: ['email', 'email_verified'] },
  phone: { words: 'Read your phone number', claims: ['phone_number', 'phone_number_verified'] },
  address: { words: 'Read your postal address', claims: ['address'] },
  offline_access: { words: 'Do this also when you are not there, until you take it back', claims: [] }
}

/** What the template `consent` shows for an interaction: each scope and claim in words, with what would be handed over. */
export async function consentPage (provider: Provider, accounts: Accounts, interaction: {
  uid: string
  params: Record<string, unknown>
  session?: { accountId: string } | undefined
  prompt: { details: unknown }
}) {
  const client = await provider.Client.find(String(interaction.params['client_id']))
  const user = accounts.find(interaction.session?.accountId ?? '')
  const asked = interaction.prompt.details as ConsentDetails
  // Asked again by prompt=consent, nothing is missing and everything is asked.
  const scopes = asked.missingOIDCScope ?? String(interaction.params['scope']).split(' ')
  return {
    title: 'Your consent',
    uid: interaction.uid,
    client: client?.clientName ?? client?.clientId,
    user: user?.claims.name,
    scopes: scopes.map(scope => {
      const known = scopesInWords[scope]
      return { words: known?.words ?? `Use “${scope}”`, claims: shared(user, known?.claims ?? []) }
    }),
    claims: shared(user, asked.missingOIDCClaims ?? [])
  }
}

function shared (user: User | undefined, claims: string[]): Shared[] {
  const values = user?.claims as Record<string, unknown> | undefined ?? {}
  return claims.filter(claim => values[claim] !== undefined).map(claim => ({
    words: claimsInWords[claim] ?? claim,
    value: inWords(values[claim])
  }))
}

function inWords (value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value.startsWith('data:') ? 'an image' : value
  return Object.values(value as object).join(', ')
}
