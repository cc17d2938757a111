import { requirementsOf } from '../../../services/relying-party/oidc/authentication-requirements.ts'
import { fieldAt } from '../advice/identity-products.ts'
import { ok, problem, skipped, warning, type Check, type Outcome } from '../finding.ts'
import { listOf, signingAlgorithmsOf, type DiscoveredProvider } from '../requests/provider-subject.ts'

// What openid-client verifies; `none` and HMAC by the client's secret are not among them.
const verifiable = /^(RS|PS|ES)(256|384|512)$|^(EdDSA|Ed25519)$/

const codeFlow: Check<DiscoveredProvider> = {
  name: 'authorization code flow',
  run ({ config, labIssuer, metadata }) {
    const types = listOf(metadata, 'response_types_supported')
    if (!types) return skipped('the document has no response_types_supported')
    return types.includes('code')
      ? ok('response_type code')
      : problem(`only response_type ${types.join(', ')}`, `switch the code flow on: ${fieldAt({ config, labIssuer }, 'grants')}`)
  }
}

const pkce: Check<DiscoveredProvider> = {
  name: 'PKCE',
  run ({ metadata }) {
    const methods = listOf(metadata, 'code_challenge_methods_supported')
    if (methods?.includes('S256')) return ok('code_challenge_method S256')
    if (methods) return problem(`only ${methods.join(', ') || 'none'}`, 'switch S256 on: every request here is sent with it')
    return warning('the document does not say',
      'nothing with Entra ID, which knows S256 and does not say so; of others, ask whether they check it: who does not, leaves ' +
      'codes without protection')
  }
}

const authenticationMethod: Check<DiscoveredProvider> = {
  name: 'client authentication method',
  run ({ config, metadata }) {
    // https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata has this default
    const methods = listOf(metadata, 'token_endpoint_auth_methods_supported') ?? ['client_secret_basic']
    const { method } = config.authentication
    return methods.includes(method)
      ? ok(method)
      : problem(`${method} is not among ${methods.join(', ')}`,
        'set OIDC_CLIENT_AUTH to one of those, and the client at the provider to the same')
  }
}

const compareScopes = ({ config, labIssuer, metadata }: DiscoveredProvider, scope: string, setting: string): Outcome => {
  const offered = listOf(metadata, 'scopes_supported')
  if (!offered) return skipped('the document has no scopes_supported')
  const missing = scope.trim().split(/\s+/).filter(name => !offered.includes(name))
  if (missing.length === 0) return ok(scope)
  // https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata: some may be left out of the list
  return warning(`not among those offered: ${missing.join(', ')}`,
    `take it out of ${setting}, or add it: ${fieldAt({ config, labIssuer }, 'scopes')}. But a provider need not list all that it knows`)
}

const scopes: Check<DiscoveredProvider> = {
  name: 'scopes offered',
  run: subject => compareScopes(subject, subject.config.scope, 'OIDC_SCOPE')
}

const messengerScopes: Check<DiscoveredProvider> = {
  name: 'scopes offered, Messenger',
  run: subject => subject.messenger
    ? compareScopes(subject, subject.messenger.scope, 'GENESYS_SCOPE')
    : skipped('the Messenger signs in at the main provider')
}

const signature: Check<DiscoveredProvider> = {
  name: 'signature of ID tokens',
  run ({ metadata }) {
    const algorithms = signingAlgorithmsOf(metadata)
    if (!algorithms) return warning('the document does not say', 'nothing, if it is RS256, which is expected then')
    const usable = algorithms.filter(name => verifiable.test(name))
    return usable.length > 0
      ? ok(usable.join(', '))
      : problem(`only ${algorithms.join(', ') || 'none'}`,
        'have ID tokens signed by RS256, PS256, ES256 or EdDSA: others are refused here')
  }
}

const wayOfSigningIn: Check<DiscoveredProvider> = {
  name: 'way of signing in',
  run ({ config, metadata }) {
    const { acr, maxAge } = requirementsOf(config)
    const demanded = [...(acr ? [`acr: ${acr.join(' or ') || 'any'}`] : []), ...(maxAge === undefined ? [] : ['auth_time'])]
    if (demanded.length === 0) return ok('none is demanded')

    const classes = listOf(metadata, 'acr_values_supported')
    if (acr?.length && classes && !acr.some(name => classes.includes(name))) {
      return problem(`nobody can sign in by ${acr.join(' or ')}: the provider offers ${classes.join(', ') || 'none'}`,
        'set OIDC_ACR_VALUES to one of those, or OIDC_ACR=voluntary if it is a hint that the provider does not answer')
    }
    const claims = listOf(metadata, 'claims_supported')
    const missing = claims && demanded.map(name => name.split(':', 1)[0]!).filter(name => !claims.includes(name))
    return missing?.length
      ? warning(`ID tokens may come without ${missing.join(' and ')}, and then nobody signs in`,
        'have the provider put it into the ID token (Entra ID: Token configuration › Add optional claim), or do not ask for it: ' +
        'OIDC_PROMPT=login and OIDC_MAX_AGE need auth_time, OIDC_ACR_VALUES needs acr unless OIDC_ACR=voluntary')
      : ok(`demanded of the ID token: ${demanded.join(', ')}`)
  }
}

const claimsParameter: Check<DiscoveredProvider> = {
  name: 'claims parameter',
  run ({ messenger, metadata }) {
    if (!messenger) return skipped('the Messenger signs in at the main provider')
    if (metadata.claims_parameter_supported) return ok('the Messenger\'s code is asked for the person who is signed in')
    return warning('not supported, so the Messenger\'s code cannot be asked for one person',
      'nothing can be set: who changes the account at the provider, and stays signed in here, chats in the new one\'s name')
  }
}

const userinfo: Check<DiscoveredProvider> = {
  name: 'userinfo',
  run: ({ metadata }) => typeof metadata.userinfo_endpoint === 'string'
    ? ok(metadata.userinfo_endpoint)
    : warning('no userinfo_endpoint',
      'have name and email put into the ID token, which alone is read then; GET /api/profile has nothing to ask')
}

const pushedRequests: Check<DiscoveredProvider> = {
  name: 'pushed requests (PAR)',
  run ({ config, messenger, metadata }) {
    const endpoint = typeof metadata.pushed_authorization_request_endpoint === 'string'
    const isRequired = metadata.require_pushed_authorization_requests === true
    if (isRequired && config.pushedAuthorizationRequests === 'never') {
      return problem('required by the provider, and OIDC_PAR is never', 'set OIDC_PAR=auto')
    }
    if (isRequired && messenger) {
      return problem('required of all clients; those for Genesys\' client cannot be pushed, as Genesys alone knows its secret',
        'require it of the relying party\'s client alone')
    }
    if (!endpoint) return ok('not offered: requests go through the browser')
    return ok(config.pushedAuthorizationRequests === 'auto' ? 'offered and used' : 'offered, not used: OIDC_PAR is never')
  }
}

const signOut: Check<DiscoveredProvider> = {
  name: 'sign-out at the provider',
  run: ({ metadata }) => typeof metadata.end_session_endpoint === 'string'
    ? ok(metadata.end_session_endpoint)
    : warning('no end_session_endpoint, so signing out ends the session here alone',
      'Auth0: switch on “RP-Initiated Logout End Session Endpoint Discovery”; with others nothing can be set')
}

const signOutElsewhere: Check<DiscoveredProvider> = {
  name: 'sign-out elsewhere',
  run ({ app, metadata }) {
    if (metadata.backchannel_logout_supported) return ok(`back-channel logout; to be registered: ${app}/backchannel-logout`)
    if (metadata.frontchannel_logout_supported) {
      return warning('front-channel logout alone, which browsers stop that block third-party cookies',
        `register ${app}/frontchannel-logout, and set SESSION_IDLE_LIFETIME to how long a session may outlive the provider's`)
    }
    return warning('neither back-channel nor front-channel logout',
      'set SESSION_IDLE_LIFETIME to how long a session may outlive the provider\'s')
  }
}

const revocation: Check<DiscoveredProvider> = {
  name: 'revocation',
  run ({ config, metadata }) {
    if (typeof metadata.revocation_endpoint === 'string') return ok('refresh tokens are given back when a session ends')
    if (!config.scope.split(' ').includes('offline_access')) return ok('not offered; offline_access is not asked for')
    return warning('no revocation_endpoint, and offline_access is asked for: refresh tokens live on after a sign-out',
      'take offline_access out of OIDC_SCOPE, unless the provider gives no refresh token without it')
  }
}

const issParameter: Check<DiscoveredProvider> = {
  name: 'iss in responses',
  run: ({ metadata }) => metadata.authorization_response_iss_parameter_supported
    ? ok('the provider names itself in its responses')
    : ok('not announced: each provider has a redirect URI of its own, which tells them apart as well')
}

/** What the provider says it can do, beside what is asked of it. */
export const capabilities: Check<DiscoveredProvider>[] = [
  codeFlow, pkce, authenticationMethod, scopes, messengerScopes, signature, wayOfSigningIn, claimsParameter, userinfo, pushedRequests,
  issParameter, signOut, signOutElsewhere, revocation
]
