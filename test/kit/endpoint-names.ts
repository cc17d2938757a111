/** What endpoints of the provider are called in its ledger. */
export const endpointNames = [
  'home', 'discovery', 'jwks', 'authorization', 'resume', 'pushed_authorization_request', 'token', 'userinfo', 'introspection', 'revocation',
  'end_session', 'end_session_confirm', 'end_session_success', 'device_authorization', 'code_verification', 'device_resume', 'registration',
  'client', 'interaction', 'sign_in', 'select_account', 'second_factor', 'consent', 'cancel', 'backchannel_logout', 'fetch'
] as const

/** What an endpoint of the provider is called in its ledger. */
export type EndpointName = typeof endpointNames[number]
