import type { Test } from 'tap'
import { buildRelyingParty } from '../../../services/relying-party/app.ts'
import { loadRelyingPartyConfig } from '../../../services/relying-party/config.ts'
import { freePorts, labSettings } from '../../helpers/lab.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

/** Ports that are free, and the URLs that follow from them. */
export async function freeAddresses () {
  const ports = await freePorts()
  return { ports, app: `http://app.localhost:${ports.APP_PORT}`, idp: `http://idp.localhost:${ports.IDP_PORT}` }
}

export type FreeAddresses = Awaited<ReturnType<typeof freeAddresses>>

/** The client that every provider here has registered for the relying party. */
export const ours = { clientId: 'relying-party', clientSecret: 'a-secret-for-this-test-alone' }

/**
 * The relying party as in production, listening on its port, with nothing but settings to tell it of its provider.
 *
 * @returns its origin and the lines that it logs
 */
export async function startRelyingParty (t: Test, { ports }: FreeAddresses, settings: Record<string, string> = {}) {
  const config = loadRelyingPartyConfig(labSettings({
    ...ports,
    LAB: 'false',
    LOG_FORMAT: 'json',
    STATE_DIR: settings['STATE_DIR'] ?? temporaryFolder(t),
    OIDC_CLIENT_ID: ours.clientId,
    OIDC_CLIENT_SECRET: ours.clientSecret,
    ...settings
  }))
  const lines: string[] = []
  const log = { ...config.log, destination: { write: (line: string) => { lines.push(line) } } }
  const app = await buildRelyingParty({ ...config, log })
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port: config.port })
  return { app, config, origin: config.app, lines }
}
