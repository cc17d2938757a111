import type { Deployment } from './deployments-file.ts'

/** The deployment of an id, in whichever case it is written. */
export function findDeployment (deployments: Deployment[], id: string | undefined): Deployment | undefined {
  return deployments.find(deployment => deployment.id === id?.toLowerCase())
}

/** The deployment of an id, where it is there and switched on. */
export function activeDeployment (deployments: Deployment[], id: string | undefined): Deployment | undefined {
  const deployment = findDeployment(deployments, id)
  return deployment?.status === 'Active' ? deployment : undefined
}

/**
 * Whether a page of an origin may use a deployment: its host, or a parent domain of it, is listed.
 *
 * Genesys' mobile SDK sends the bare host as `Origin`, without a scheme. A client without an `Origin` is let in only
 * where all domains are.
 */
export function allowsOrigin (deployment: Deployment, origin: string | undefined): boolean {
  if (deployment.allowAllDomains) return true
  const url = origin?.includes('://') ? origin : `http://${origin ?? ''}`
  if (!URL.canParse(url)) return false
  const { hostname } = new URL(url)
  return deployment.allowedDomains.some(domain => hostname === domain || hostname.endsWith(`.${domain}`))
}
