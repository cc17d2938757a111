import t from 'tap'
import { fieldAt } from '../../scripts/doctor/products.ts'

const fields: [string, RegExp][] = [
  ['http://idp.localhost:3001', /clients\.yaml/],
  ['http://idp.localhost:3001/realms/one', /clients\.yaml/],
  ['https://shop.okta.com/oauth2/default', /^Applications .* Sign-in redirect URIs$/],
  ['https://shop.eu.auth0.com/', /Allowed Callback URLs$/],
  ['http://localhost:8080/realms/shop', /Valid redirect URIs$/],
  ['https://login.microsoftonline.com/8f5a/v2.0', /^App registrations/],
  ['https://login.shop.example', /^Okta: .*; Auth0: .*; Keycloak: .*; Entra ID: /]
]
for (const [issuer, field] of fields) {
  t.test(`says where the redirect URIs of ${issuer} are entered`, async t => {
    t.match(fieldAt(issuer, 'redirect URI'), field)
  })
}
