import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fetch } from '../../services/lib/outbound/outbound.ts'

/** What a report is to show. */
export interface Shown {
  client?: string | undefined
  user?: string | undefined
  /** when the last was exchanged that must be in it, in epoch milliseconds */
  until?: number
}

/** How the console sums a journey up. */
interface Summary { id: string, to: number, who: string[], clients: string[] }

const consoleMs = 3_000
const pollMs = 100
// Of what file systems take, which count bytes.
const maxNameLength = 100

/**
 * The page of a journey, from the console that shows it; nothing where it has gone.
 *
 * @internal
 */
export async function pageOfJourney (console: string, id: string): Promise<string | undefined> {
  const response = await fetch(`${console}/journeys/${encodeURIComponent(id)}/export.html`)
  const text = await response.text()
  return response.status === 200 ? text : undefined
}

/**
 * Writes down what was exchanged where an expectation was not met: the console's report, in a file named after the test.
 *
 * @internal
 */
export class FailureReports {
  readonly #console: string
  readonly #realm: string
  readonly #folder: string
  readonly #test: string | undefined

  /**
   * @param options.realm its name, '' for the root
   * @param options.test whose expectations these are, where it cannot be known otherwise
   */
  constructor ({ console, realm, folder = 'lab-report', test }: {
    console: string, realm: string, folder?: string | undefined, test?: string | undefined
  }) {
    this.#console = console
    this.#realm = realm
    this.#folder = folder
    this.#test = test
  }

  /**
   * @param expected what the file is called where there is no name of a test
   * @returns its path; nothing where nothing was exchanged
   */
  async write (expected: string, shown: Shown = {}): Promise<string | undefined> {
    const journey = await this.#journey(shown)
    const page = journey && await pageOfJourney(this.#console, journey.id)
    if (page === undefined) return undefined
    const path = join(this.#folder, `${fileNameOf(await runningTest() ?? this.#test ?? expected)}.html`)
    await mkdir(this.#folder, { recursive: true })
    await writeFile(path, page)
    return path
  }

  /** A line for an error, which names the file or says why there is none. */
  async note (expected: string, shown?: Shown): Promise<string> {
    try {
      const path = await this.write(expected, shown)
      return path === undefined ? '' : `\nIn full: ${path}`
    } catch (error) {
      return `\nThere is no report of it: ${(error as Error).message}`
    }
  }

  /** The last journey of client and user, or else of anybody; the console may have it a moment later. */
  async #journey ({ client, user, until = 0 }: Shown): Promise<Summary | undefined> {
    for (const giveUp = performance.now() + consoleMs; ;) {
      const response = await fetch(`${this.#console}/journeys?${new URLSearchParams({ realm: this.#realm })}`)
      const { journeys } = await response.json() as { journeys: Summary[] }
      const last = journeys.toSorted((a, b) => b.to - a.to)
      if (performance.now() > giveUp || (last[0] && last[0].to >= until)) {
        return last.find(({ clients, who }) => (client === undefined || clients.includes(client)) && (user === undefined || who.includes(user))) ?? last[0]
      }
      await setTimeout(pollMs)
    }
  }
}

/** The name of the test that runs, where Node knows it: https://nodejs.org/api/test.html#testgettestcontext */
async function runningTest (): Promise<string | undefined> {
  const runner: { getTestContext?: () => { fullName: string } | undefined } = await import('node:test')
  return runner.getTestContext?.()?.fullName
}

const fileNameOf = (name: string) => name.replaceAll(/[^\p{L}\p{N}._ -]+/gu, ' ').replaceAll(/\s+/g, ' ').trim().slice(0, maxNameLength)
