import type * as report from '../report/outcome.ts'
import { errorOf, type AuthorizationResponse, type ProbingClient, type TokenResponse } from './client/probing-client.ts'

/** One question to a provider, asked by a request that a careful client would never send or by a look at an answer. */
export interface Probe extends report.Check<ProbingClient, Outcome> {
  /** what a strict provider does, in a few words */
  name: string
  sends: string
  demand: string
  specification: string
  /** a row of the table that providers are compared by; these decide how the command ends */
  compared?: true
}

export type Verdict = 'yes' | 'no' | 'not applicable'

export type Outcome = report.Outcome<Verdict>

export const yes = (seen: string): Outcome => ({ verdict: 'yes', seen })
export const no = (seen: string): Outcome => ({ verdict: 'no', seen })
export const notApplicable = (seen: string): Outcome => ({ verdict: 'not applicable', seen })

/** Whoever breaks on a request has not looked at it, and whoever wants it later has not either. */
const isRefusal = (status: number) => status < 500 && status !== 429

const wordsOfRefusal =
  /error|invalid|mismatch|unknown|denied|refused|not (been )?(registered|allowed|found|known|recogni[sz]ed|valid|authorized)|AADSTS/i

/** Whether an authorization request ended in an error, be it a page or a redirect to the client. */
export function refusedRequest ({ redirect, page }: AuthorizationResponse): Outcome {
  if (!redirect) return refusedWithPage({ redirect, page })
  const issued = ['code', 'access_token', 'id_token'].filter(name => redirect.parameters.has(name))
  if (issued.length > 0) return no(`${issued.join(' and ')} issued`)
  const error = redirect.parameters.get('error')
  return error ? yes(`redirect with ${error}`) : no('redirect without error')
}

/** Whether an authorization request was refused on a page of the provider, as nothing may go to an unproven address. */
export function refusedWithPage ({ redirect, page }: AuthorizationResponse): Outcome {
  if (redirect) {
    const { parameters } = redirect
    return no(`redirect with ${parameters.has('code') ? 'a code' : parameters.get('error') ?? 'neither code nor error'}`)
  }
  if (!isRefusal(page.status)) return no(`breaks with ${page.status}`)
  // Some say it in words alone. Whoever asks for a sign-in or for nothing has refused nothing.
  const isError = page.status >= 400 || wordsOfRefusal.test(page.$('body').text())
  return isError ? yes(`page of the provider, ${page.status}`) : no(`page of the provider without an error, ${page.status}`)
}

/** Whether the token endpoint gave no token, whatever it said. */
export function refusedTokens ({ status, body }: TokenResponse): Outcome {
  const issued = ['access_token', 'id_token', 'refresh_token'].filter(name => body?.[name] !== undefined)
  if (issued.length > 0) return no(`${status}, tokens issued`)
  return status >= 400 && isRefusal(status) ? yes(`${status} ${errorOf(body)}`.trim()) : no(`no token, but ${status}`)
}

/** The first outcome that is no `yes`, or else all of them in one. */
export function all (outcomes: Record<string, Outcome>): Outcome {
  const failed = Object.entries(outcomes).find(([, { verdict }]) => verdict !== 'yes')
  if (failed) return { verdict: failed[1].verdict, seen: `${failed[0]}: ${failed[1].seen}` }
  return yes([...new Set(Object.values(outcomes).map(({ seen }) => seen))].join('; '))
}
