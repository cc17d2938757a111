import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Test } from 'tap'
import { openStore } from '#lib/store/open-store.ts'
import { buildGenesys } from '../../services/genesys/app.ts'
import { loadGenesysConfig, type GenesysConfig } from '../../services/genesys/config.ts'
import type { Deployment } from '../../services/genesys/deployments/deployments-file.ts'
import type { VerifiedIdentity } from '../../services/genesys/auth/identity.ts'
import { Jwts } from '../../services/genesys/auth/jwt.ts'
import { Tokens } from '../../services/genesys/auth/tokens.ts'
import { connect, type Guest } from '../helpers/guest.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

export const deploymentId = '5a1b7c3e-8f20-4d6a-9b1e-3c4d5e6f7a80'
export const anonymousDeploymentId = '0c9d2f64-5b1e-4a37-8f02-7d6e5c4b3a21'
/** Where guests need not sign in, and may upload. */
export const stepUpDeploymentId = '7e3a9d18-2c6f-4b05-a1d4-5f8b9c0e6d72'
/** As the first, with the implicit flow switched on. */
export const implicitDeploymentId = 'e1d7f3a6-4b82-49c5-9d30-6a2c8b5e7f14'

export const env = {
  GENESYS_CLIENT_ID: 'genesys-messenger',
  GENESYS_CLIENT_SECRET: 'a-secret-for-these-tests-only',
  LOG_LEVEL: 'silent'
}

export const ada: VerifiedIdentity = {
  sub: 'ada',
  iss: 'http://idp.localhost:3001',
  since: '2026-01-01T00:00:00.000Z',
  name: 'Ada Lovelace',
  given_name: 'Ada',
  family_name: 'Lovelace',
  email: 'ada@example.com',
  email_verified: true
}

export const grace: VerifiedIdentity = { ...ada, sub: 'grace', name: 'Grace Hopper', given_name: 'Grace', family_name: 'Hopper' }

/** Somebody like her, whom no other test knows. */
export const another = (identity: VerifiedIdentity): VerifiedIdentity => ({ ...identity, sub: `${identity.sub}-${randomUUID()}` })

const usual = loadGenesysConfig(env)

export const configWith = (folder: string, overrides: Partial<GenesysConfig> = {}): GenesysConfig => ({
  ...usual,
  stateFolder: join(folder, 'genesys'),
  agentDelayMs: 0,
  // Module tests are quicker than any guest; what is about the limits switches them on.
  rateLimits: false,
  ...overrides
})

/** The deployments of `deployments.yaml`, one of them changed. */
export function deploymentsWith (id: string, change: (deployment: Deployment) => Deployment): Deployment[] {
  return usual.deployments.map(deployment => deployment.id === id ? change(deployment) : deployment)
}

/** Another deployment like the first, where conversations go otherwise. */
export function deploymentWhere (changes: Partial<Deployment['messenger']['apps']['conversations']>): Deployment {
  const deployment = usual.deployments[0]!
  const { messenger } = deployment
  const conversations = { ...messenger.apps.conversations, ...changes }
  return { ...deployment, id: randomUUID(), messenger: { ...messenger, apps: { conversations } } }
}

/** The app, to `inject` into. */
export async function buildApp (t: Test, overrides: Partial<GenesysConfig> = {}, folder = temporaryFolder(t)) {
  const config = configWith(folder, overrides)
  const app = await buildGenesys(config)
  t.teardown(() => app.close())
  return { app, config, folder }
}

/** The app, listening, with guests and tokens for it. */
export async function startGenesys (t: Test, overrides: Partial<GenesysConfig> = {}, folder = temporaryFolder(t)) {
  const { app, config } = await buildApp(t, overrides, folder)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })

  // A second door to the same store, as another replica has it.
  const store = await openStore(config)
  t.teardown(() => store.close())
  const tokens = new Tokens(store, await Jwts.open(store.secrets, config.url))

  async function open (options: Parameters<typeof connect>[1] = {}): Promise<Guest> {
    const guest = await connect(url, { deploymentId, ...options })
    t.teardown(() => guest.close())
    return guest
  }

  return {
    app,
    url,
    folder,
    store,
    tokens,
    open,

    /** A guest on a deployment without sign-in, the session configured. */
    async anonymousGuest (options: { token?: string } = {}): Promise<Guest> {
      const guest = await open({ deploymentId: anonymousDeploymentId, ...options })
      await guest.request('configureSession', { deploymentId: anonymousDeploymentId })
      return guest
    },

    /** A guest who has signed in, the session configured. */
    async signedInGuest (identity = ada, options: { token?: string, deploymentId?: string } = {}): Promise<Guest> {
      const guest = await open(options)
      const { jwt } = await tokens.issue({ deploymentId, identity, ...options })
      await guest.request('configureAuthenticatedSession', { data: { code: jwt } })
      return guest
    }
  }
}
