import type { ServerConfig } from '#lib/settings/settings.ts'

/** What `buildServer` needs, for a server that belongs to no service and is silent. */
export function serverConfig (settings: Partial<ServerConfig> = {}): ServerConfig {
  return {
    name: 'test',
    host: '127.0.0.1',
    port: 0,
    url: 'http://127.0.0.1',
    trustedProxies: [],
    stateFolder: '',
    log: { level: 'silent', format: 'json' },
    ...settings
  }
}
