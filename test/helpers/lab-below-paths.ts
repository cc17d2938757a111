import type { Test } from 'tap'
import { startEmbeddedLab } from './embedded-lab.ts'
import { freePorts, type Lab } from './lab.ts'

/** The lab with each service below a path of its host, as behind a proxy that serves others beside it and passes paths on. */
export async function startLabBelowPaths (t: Test): Promise<Lab> {
  const ports = await freePorts()
  return startEmbeddedLab(t, {
    ...ports,
    APP_URL: `http://app.localhost:${ports.APP_PORT}/shop`,
    IDP_ISSUER: `http://idp.localhost:${ports.IDP_PORT}/tenants/idp`,
    GENESYS_URL: `http://genesys.localhost:${ports.GENESYS_PORT}/cloud`
  })
}
