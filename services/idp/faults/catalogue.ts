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

/** The names of all faults. */
export const faultNames: readonly string[] = [...byName.keys()]
