import { authorizationResponseFaults } from './authorization-response.ts'
import { discoveryFaults } from './discovery.ts'
import { endSessionFaults } from './end-session.ts'
import type { Fault } from './fault.ts'
import { idTokenFaults } from './id-token.ts'
import { jwksFaults } from './jwks.ts'
import { logoutTokenFaults } from './logout-token.ts'
import { refreshFaults } from './refresh.ts'
import { tokenEndpointFaults } from './token-endpoint.ts'
import { userinfoFaults } from './userinfo.ts'

/**
 * Every fault that can be switched on, in the order of a sign-in. Names follow the modules of the OpenID Foundation's
 * conformance suite for relying parties, where there is one.
 *
 * @see https://gitlab.com/openid/conformance-suite
 */
export const catalogue: readonly Fault[] = [
  ...discoveryFaults,
  ...authorizationResponseFaults,
  ...tokenEndpointFaults,
  ...idTokenFaults,
  ...jwksFaults,
  ...userinfoFaults,
  ...refreshFaults,
  ...logoutTokenFaults,
  ...endSessionFaults
]

const byName = new Map(catalogue.map(fault => [fault.name, fault]))

/** The fault of this name, if there is one. */
export const findFault = (name: string): Fault | undefined => byName.get(name)

/** Names that have a word in common with a name that does not exist, or its beginning; those that have most of it first. */
export function similarNames (name: string): string[] {
  const words = name.toLowerCase().split(/[^a-z0-9]+/).filter(word => word.length > 1)
  const likeness = (word: string) => words.includes(word) ? 1 : words.some(other => word.startsWith(other)) ? 0.9 : 0
  const inCommon = (other: string) => other.split('-').reduce((sum, word) => sum + likeness(word), 0)
  return [...byName.keys()].filter(other => inCommon(other) > 0).sort((a, b) => inCommon(b) - inCommon(a)).slice(0, 5)
}
