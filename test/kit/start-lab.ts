import { fetch } from '../../services/lib/outbound/outbound.ts'
import { withoutTrailingSlash } from '../../services/lib/settings/settings.ts'
import type { Addresses } from './addresses.ts'
import { Lab } from './lab.ts'
import { startProcess } from './start-process.ts'

/** A part of the lab. The console is always there: it costs nothing until somebody asks for it. */
export type Service = 'idp' | 'relying-party' | 'genesys'

/** How the lab is to be started; all may be left out. */
export interface LabOptions {
  /** the provider alone is enough for an application that has no Messenger; all three where left out */
  services?: Service[]
  /** ports that are to be these; free ones where left out */
  ports?: { app?: number, idp?: number, genesys?: number, console?: number }
  /** settings of the lab by their names, such as `BRAND` */
  settings?: Record<string, string>
}

const everything: Service[] = ['idp', 'genesys', 'relying-party']

/**
 * Start the lab, or use the one that runs at `LAB_URL`.
 *
 * @throws {Error} in the lab's words where it could not be started
 */
export async function startLab ({ services = everything, ports = {}, settings = {} }: LabOptions = {}): Promise<Lab> {
  const { LAB_URL: url } = process.env
  if (url) return await attachTo(url)
  const { addresses, logs, stop } = await startProcess({
    services: [...services, 'console'],
    settings,
    ports: Object.fromEntries(Object.entries(ports).map(([part, port]) => [`${part.toUpperCase()}_PORT`, String(port)]))
  })
  return new Lab({ how: 'process', why: 'a process is there in a second, and needs no Docker', addresses, logs, stop })
}

/** A lab that somebody else has started, and will stop. */
async function attachTo (url: string): Promise<Lab> {
  const mistake = `LAB_URL is ${url}, where no console of a lab answers (\`lab.console\` of the lab that is to be used)`
  const response = await fetch(`${withoutTrailingSlash(url)}/running`).catch((cause: unknown) => { throw new Error(mistake, { cause }) })
  const { addresses } = await response.json().catch(() => ({})) as { addresses?: Addresses }
  if (!addresses) throw new Error(mistake)
  return new Lab({ how: 'url', why: `LAB_URL is ${url}`, addresses, logs: () => '', stop: async () => {} })
}
