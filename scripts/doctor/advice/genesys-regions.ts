/** The domain of each of Genesys Cloud's regions, by what the Messenger's snippet calls its environment. */
const domains: Record<string, string> = {
  prod: 'mypurecloud.com',
  'prod-usw2': 'usw2.pure.cloud',
  'prod-cac1': 'cac1.pure.cloud',
  'prod-mxc1': 'mxc1.pure.cloud',
  'prod-sae1': 'sae1.pure.cloud',
  'prod-euw1': 'mypurecloud.ie',
  'prod-euw2': 'euw2.pure.cloud',
  'prod-euc1': 'mypurecloud.de',
  'prod-euc2': 'euc2.pure.cloud',
  'prod-mec1': 'mec1.pure.cloud',
  'prod-aps1': 'aps1.pure.cloud',
  'prod-apse1': 'apse1.pure.cloud',
  'prod-apse2': 'mypurecloud.com.au',
  'prod-apne1': 'mypurecloud.jp',
  'prod-apne2': 'apne2.pure.cloud',
  'prod-apne3': 'apne3.pure.cloud',
  'fedramp-use2-core': 'use2.us-gov-pure.cloud'
}

/** The domain of an environment, which may lack its prefix, as the Messenger's script allows. */
export function domainOf (environment: string): string | undefined {
  const name = environment.toLowerCase()
  return domains[name] ?? domains[name === 'use1' ? 'prod' : `prod-${name}`]
}

/** The domain of Genesys Cloud that a host is in, if it is in one. */
export function genesysDomain (host: string): string | undefined {
  return Object.values(domains).find(domain => host.endsWith(`.${domain}`))
}

/** The environment whose domain this is. */
export function environmentOf (domain: string): string | undefined {
  return Object.entries(domains).find(([, each]) => each === domain)?.[0]
}

/** Where a page gets the Messenger from, and what it connects it to. */
export function originsOf (domain: string): string[] {
  return [`https://apps.${domain}`, `https://api.${domain}`, `https://api-cdn.${domain}`, `wss://webmessaging.${domain}`]
}
