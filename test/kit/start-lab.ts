import { fetch } from '../../services/lib/outbound/outbound.ts'
import { withoutTrailingSlash } from '../../services/lib/settings/settings.ts'
import type { Addresses } from './addresses.ts'
import { labImage } from './container-engine.ts'
import { Lab } from './lab.ts'
import { obstacleToContainer, startContainer } from './start-container.ts'
import { startProcess } from './start-process.ts'

/** A part of the lab. The console is always there: it costs nothing until somebody asks for it. */
export type Service = 'idp' | 'relying-party' | 'genesys'

/** What a lab can run in; `auto` is a container where an engine answers at once and has the image, and else a process. */
const ways = ['process', 'container', 'auto'] as const

/** How the lab is to be started; all may be left out. */
export interface LabOptions {
  /** `LAB_HOW` where left out, and a process where that is not set either */
  how?: typeof ways[number]
  /** image of the container; `LAB_IMAGE` where left out, or `oidc-messenger-lab` in the version of this package */
  image?: string
  /** the provider alone is enough for an application that has no Messenger; all three where left out, and in a container */
  services?: Service[]
  /** ports that are to be these; free ones where left out */
  ports?: { app?: number, idp?: number, genesys?: number, console?: number }
  /** settings of the lab by their names, such as `BRAND` */
  settings?: Record<string, string>
  /** where it is written down what was exchanged when an expectation is not met; `lab-report` where left out */
  reportFolder?: string
}

const everything: Service[] = ['idp', 'genesys', 'relying-party']

/**
 * Start the lab, or use the one that runs at `LAB_URL`.
 *
 * @throws {Error} in the lab's words where it could not be started
 */
export async function startLab ({ how, image = labImage(), services = everything, ports = {}, settings = {}, reportFolder }: LabOptions = {}): Promise<Lab> {
  const { LAB_URL: url } = process.env
  if (url) return await attachTo(url, reportFolder)
  const portSettings = Object.fromEntries(Object.entries(ports).map(([part, port]) => [`${part.toUpperCase()}_PORT`, String(port)]))
  const chosen = await choose(how, image)
  const running = chosen.how === 'container'
    ? await startContainer(image, { ...settings, ...portSettings })
    : await startProcess({ services: [...services, 'console'], settings, ports: portSettings })
  return new Lab({ ...chosen, ...running, reportFolder })
}

/** What it is to run in, and why. A container engine is looked for only where nobody has said. */
async function choose (how: LabOptions['how'], image: string): Promise<{ how: 'process' | 'container', why: string }> {
  const { LAB_HOW: ofEnvironment } = process.env
  const asked = how ?? ofEnvironment
  if (!asked) return { how: 'process', why: 'a process is there in a second, and needs no Docker' }
  const said = how === undefined ? `LAB_HOW is ${asked}` : `how is ${asked}`
  if (asked === 'process' || asked === 'container') return { how: asked, why: said }
  if (asked !== 'auto') throw new Error(`${said}; it must be one of ${ways.join(', ')}.`)
  const obstacle = await obstacleToContainer(image)
  return obstacle === undefined
    ? { how: 'container', why: `${said}, and a container engine has the image ${image}` }
    : { how: 'process', why: `${said}, and ${obstacle}` }
}

/** A lab that somebody else has started, and will stop. */
async function attachTo (url: string, reportFolder: string | undefined): Promise<Lab> {
  const mistake = `LAB_URL is ${url}, where no console of a lab answers (\`lab.console\` of the lab that is to be used)`
  const response = await fetch(`${withoutTrailingSlash(url)}/running`).catch((cause: unknown) => { throw new Error(mistake, { cause }) })
  const { addresses } = await response.json().catch(() => ({})) as { addresses?: Addresses }
  if (!addresses) throw new Error(mistake)
  return new Lab({ how: 'url', why: `LAB_URL is ${url}`, addresses, logs: () => '', stop: async () => {}, reportFolder })
}
