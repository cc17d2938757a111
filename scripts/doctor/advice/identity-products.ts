/** What is entered at a provider, under a name of its own at each. */
export type Field = 'redirect URI' | 'post-logout redirect URI' | 'client secret' | 'grants' | 'scopes'

interface Product {
  name: string
  isAt: RegExp
  fields: Record<Field, string>
}

const lab: Product = {
  name: 'the lab',
  isAt: /^https?:\/\/idp\.localhost(:\d+)?(\/|$)/,
  fields: {
    'redirect URI': 'redirect_uris in services/idp/clients.yaml',
    'post-logout redirect URI': 'post_logout_redirect_uris in services/idp/clients.yaml',
    'client secret': 'client_secret and token_endpoint_auth_method in services/idp/clients.yaml',
    grants: 'grant_types in services/idp/clients.yaml',
    scopes: 'scope in services/idp/clients.yaml'
  }
}

const products: Product[] = [
  {
    name: 'Okta',
    isAt: /\.(okta|oktapreview|okta-emea)\.com(\/|$)/,
    fields: {
      'redirect URI': 'Applications › the application › General › Sign-in redirect URIs',
      'post-logout redirect URI': 'Applications › the application › General › Sign-out redirect URIs',
      'client secret': 'Applications › the application › General › Client Credentials',
      grants: 'Applications › the application › General › Grant type',
      scopes: 'Security › API › the authorization server › Scopes, and its Access Policies'
    }
  },
  {
    name: 'Auth0',
    isAt: /\.auth0\.com(\/|$)/,
    fields: {
      'redirect URI': 'Applications › the application › Settings › Allowed Callback URLs',
      'post-logout redirect URI': 'Applications › the application › Settings › Allowed Logout URLs',
      'client secret': 'Applications › the application › Credentials',
      grants: 'Applications › the application › Settings › Advanced Settings › Grant Types',
      scopes: 'Applications › APIs › the API › Permissions'
    }
  },
  {
    name: 'Keycloak',
    isAt: /\/realms\/[^/]+\/?$/,
    fields: {
      'redirect URI': 'Clients › the client › Settings › Valid redirect URIs',
      'post-logout redirect URI': 'Clients › the client › Settings › Valid post logout redirect URIs',
      'client secret': 'Clients › the client › Credentials',
      grants: 'Clients › the client › Settings › Standard flow',
      scopes: 'Clients › the client › Client scopes'
    }
  },
  {
    name: 'Entra ID',
    isAt: /(login\.microsoftonline\.|\.ciamlogin\.com|sts\.windows\.net)/,
    fields: {
      'redirect URI': 'App registrations › the application › Authentication › Web › Redirect URIs',
      'post-logout redirect URI': 'App registrations › the application › Authentication › Web › Redirect URIs',
      'client secret': 'App registrations › the application › Certificates & secrets (the value of the secret, not its id)',
      grants: 'App registrations › the application › Authentication › Web',
      scopes: 'App registrations › the application › API permissions'
    }
  }
]

/**
 * Where a field is at the product that the issuer is of; where that cannot be told, at each of them.
 *
 * @param provider.labIssuer where the lab is by the settings, when none of them names another provider
 */
export function fieldAt (
  { config: { issuer }, labIssuer }: { config: { issuer: string }, labIssuer?: string | undefined }, field: Field
): string {
  const isLab = labIssuer !== undefined && (issuer === labIssuer || issuer.startsWith(`${labIssuer}/realms/`))
  const product = isLab ? lab : [lab, ...products].find(({ isAt }) => isAt.test(issuer))
  if (product) return product.fields[field]
  return products.map(({ name, fields }) => `${name}: ${fields[field]}`).join('; ')
}
