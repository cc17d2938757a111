import t from 'tap'
import { generateKeyPair, exportJWK } from 'jose'
import { alone, diagnose, startProvider } from './helper.ts'

const wrong: [string, Record<string, unknown>, Record<string, string>, RegExp, RegExp][] = [
  ['authorization code flow', { response_types_supported: ['id_token'] }, {}, /problem/, /only response_type id_token/],
  ['authorization code flow', { response_types_supported: undefined }, {}, /skipped/, /no response_types_supported/],
  ['PKCE', { code_challenge_methods_supported: ['plain'] }, {}, /problem/, /only plain/],
  ['PKCE', {}, {}, /warning/, /does not say/],
  ['client authentication method', { token_endpoint_auth_methods_supported: ['private_key_jwt'] }, {}, /problem/,
    /client_secret_basic is not among private_key_jwt/],
  ['client authentication method', {}, {}, /ok/, /client_secret_basic/],
  ['client authentication method', {}, { OIDC_CLIENT_AUTH: 'client_secret_post' }, /problem/,
    /client_secret_post is not among client_secret_basic/],
  ['scopes offered', {}, {}, /skipped/, /no scopes_supported/],
  ['scopes offered', { scopes_supported: ['openid', 'profile'] }, {}, /warning/, /email/],
  ['signature of ID tokens', { id_token_signing_alg_values_supported: ['HS256', 'none'] }, {}, /problem/, /only HS256, none/],
  ['signature of ID tokens', { id_token_signing_alg_values_supported: ['HS256', 'ES256'] }, {}, /ok/, /^ES256$/],
  ['signature of ID tokens', {}, {}, /warning/, /does not say/],
  ['claims parameter', {}, {}, /warning/, /cannot be asked for one person/],
  ['userinfo', {}, {}, /warning/, /no userinfo_endpoint/],
  ['pushed requests (PAR)', { require_pushed_authorization_requests: true }, { OIDC_PAR: 'never' }, /problem/,
    /OIDC_PAR is never/],
  ['pushed requests (PAR)', { require_pushed_authorization_requests: true }, {}, /problem/, /Genesys' client cannot be pushed/],
  ['sign-out at the provider', {}, {}, /warning/, /no end_session_endpoint/],
  ['sign-out elsewhere', {}, {}, /warning/, /neither/],
  ['sign-out elsewhere', { frontchannel_logout_supported: true }, {}, /warning/, /front-channel logout alone/],
  ['sign-out elsewhere', { backchannel_logout_supported: true }, {}, /ok/, /http:\/\/app\.localhost:2\/backchannel-logout/]
]
for (const [name, metadata, settings, verdict, seen] of wrong) {
  t.test(`${name}: ${JSON.stringify({ ...metadata, ...settings })}`, async t => {
    const issuer = await startProvider(t, metadata)
    t.match((await diagnose({ ...alone, ...settings, IDP_ISSUER: issuer })).get(name), { verdict, seen })
  })
}

t.test('looks at the keys for those that verify ID tokens, and for what nobody should see', async t => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const [open, secret] = [await exportJWK(publicKey), await exportJWK(privateKey)]
  const seen = async (keys: object[], algorithms?: string[]) => {
    const issuer = await startProvider(t, { id_token_signing_alg_values_supported: algorithms }, { '/jwks': { body: { keys } } })
    return (await diagnose({ ...alone, IDP_ISSUER: issuer })).get('keys (JWKS)')
  }
  t.match(await seen([{ ...open, kid: 'a', use: 'sig' }]), { verdict: 'ok', seen: '1 for signatures: RS256' })
  t.match(await seen([{ ...open, kid: 'a' }], ['ES256']), { verdict: 'problem', seen: /none of which verifies ES256/ })
  t.match(await seen([{ ...open, use: 'enc' }]), { verdict: 'problem' })
  t.match(await seen([{ ...open, alg: 'RS512' }]), { verdict: 'problem' })
  t.match(await seen([secret]), { verdict: 'problem', seen: /a key has its private part/ })
  t.match(await seen([{ kty: 'oct', k: 'c2VjcmV0', kid: 'h' }, open]), { verdict: 'problem', seen: /a key has its private part/ })
  t.match(await seen([{ ...open, kid: 'a' }, { ...open, kid: 'a' }]), { verdict: 'warning', seen: /the same kid/ })
  t.match(await seen([{ ...open, kid: 'a' }, open]), { verdict: 'warning', seen: /not each has a kid/ })
})
