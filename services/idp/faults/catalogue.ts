import { authorizationResponseFaults } from './authorization-response-faults.ts'
import { discoveryFaults } from './discovery-faults.ts'
import { endSessionFaults } from './end-session-faults.ts'
import type { Fault } from './fault.ts'
import { idTokenFaults } from './id-token-faults.ts'
import { jwksFaults } from './jwks-faults.ts'
import { logoutTokenFaults } from './logout-token-faults.ts'
import { refreshFaults } from './refresh-faults.ts'
import { tokenEndpointFaults } from './token-endpoint-faults.ts'
import { userinfoFaults } from './userinfo-faults.ts'

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
