import type { ServerMetadata } from 'openid-client'
import { Refusal } from '../refusal.ts'

// https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
const promptsOfCore = ['login', 'consent', 'select_account']

/**
 * What a request is refused with that asks for a prompt which the provider does not know, as no error code says so.
 *
 * @param prompt as it was asked for
 * @param metadata of the provider, where it has been found
 * @returns the same error where it is about something else
 * @see https://openid.net/specs/openid-connect-prompt-create-1_0.html#section-4.1
 */
export function explainUnsupportedPrompt (error: unknown, prompt = '', metadata?: ServerMetadata): unknown {
  if (!(error instanceof Refusal) || error.error !== 'invalid_request') return error
  const supported = metadata?.['prompt_values_supported']
  const known: unknown[] = Array.isArray(supported) ? supported : promptsOfCore
  const unknown = prompt.split(' ').find(value => value !== '' && !known.includes(value))
  if (unknown === undefined) return error
  const description = `the identity provider does not know prompt=${unknown} (OIDC_PROMPT)`
  return new Refusal('unsupported_prompt', { description, providerSays: error.providerSays, cause: error })
}
