import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { errors } from 'oidc-provider'
import { Type } from '#lib/validation/schema.ts'
import { claimsFor, scopesOf } from '../accounts/user-claims.ts'
import { displayName } from '../accounts/users.ts'
import type { Realm } from '../realm/realm.ts'

const params = Type.Object({ uid: Type.String({ maxLength: 64 }) })

/** The answers to the consent page, and the way out of it and of the sign-in page. */
export const consentRoutes: FastifyPluginAsyncTypebox = async app => {
  app.post('/interaction/:uid/consent', { schema: { params } }, async (request, reply) => {
    const { provider } = request.realm
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
    const { provider } = request.realm
    return reply.redirect(await provider.interactionResult(request.raw, reply.raw, {
      error: 'access_denied', error_description: 'the person chose to cancel'
    }, { mergeWithLastSubmission: false }), 303)
  })
}

interface ConsentDetails { missingOIDCScope?: string[], missingOIDCClaims?: string[] }

interface Shared { words: string, value: string }

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
  profile: {
    words: 'Read your profile',
    claims: ['name', 'given_name', 'family_name', 'preferred_username', 'picture', 'locale', 'zoneinfo']
  },
  email: { words: 'Read your email address', claims: ['email', 'email_verified'] },
  phone: { words: 'Read your phone number', claims: ['phone_number', 'phone_number_verified'] },
  address: { words: 'Read your postal address', claims: ['address'] },
  offline_access: { words: 'Do this also when you are not there, until you take it back', claims: [] }
}

/** What the template `consent` shows for an interaction: each scope and claim in words, with what would be handed over. */
export async function consentPage ({ accounts, mountPath, provider, settings }: Realm, interaction: {
  uid: string
  params: Record<string, unknown>
  session?: { accountId: string } | undefined
  prompt: { details: unknown }
}) {
  const client = await provider.Client.find(String(interaction.params['client_id']))
  const user = accounts.find(interaction.session?.accountId ?? '')
  if (!user) throw new errors.SessionNotFound('whoever signed in is not known any more')
  const values = claimsFor(user, client?.clientId)
  const scopeClaims = scopesOf(settings.value)
  const asked = interaction.prompt.details as ConsentDetails
  // Asked again by prompt=consent, nothing is missing and everything is asked.
  const scopes = asked.missingOIDCScope ?? String(interaction.params['scope']).split(' ')
  return {
    title: 'Your consent',
    base: mountPath,
    uid: interaction.uid,
    client: client?.clientName ?? client?.clientId,
    user: displayName(user),
    scopes: scopes.map(scope => {
      const known = own(settings.value.scopes, scope) ? undefined : own(scopesInWords, scope)
      return { words: known?.words ?? `Use “${scope}”`, claims: shared(values, known?.claims ?? own(scopeClaims, scope) ?? []) }
    }),
    claims: shared(values, asked.missingOIDCClaims ?? [])
  }
}

// A scope or a claim may have the name of something that every object has.
const own = <T>(values: Record<string, T>, name: string): T | undefined => Object.hasOwn(values, name) ? values[name] : undefined

function shared (values: Record<string, unknown>, claims: string[]): Shared[] {
  return claims.filter(claim => values[claim] !== undefined).map(claim => ({
    words: own(claimsInWords, claim) ?? claim,
    value: inWords(values[claim])
  }))
}

function inWords (value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value.startsWith('data:') ? 'an image' : value
  if (typeof value !== 'object' || value === null) return String(value)
  const members = Object.values(value)
  return members.some(member => typeof member === 'object') ? JSON.stringify(value) : members.join(', ')
}
