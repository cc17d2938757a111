import type { Page } from './browser.ts'
import type { Lab } from './lab.ts'
import { until } from './until.ts'

interface Line { level: number, msg: string, reqId?: string }

/** What the relying party logs from a certain moment on. */
export class RelyingPartyLog {
  readonly #lab: Lab
  #lines: Line[] = []
  #skipped = 0

  constructor (lab: Lab) {
    this.#lab = lab
  }

  /** Begin here: what was logged before is of no interest. */
  async skip (): Promise<void> {
    await this.#read()
    this.#skipped = this.#lines.length
  }

  /** Wait for a line that begins so. */
  async includes (beginning: string): Promise<void> {
    await until(`the relying party logs “${beginning}”`, async () => {
      await this.#read()
      return this.#since.some(({ msg }) => msg.startsWith(beginning))
    })
  }

  /** The lines in which one of these texts is. */
  async withAny (texts: string[]): Promise<Line[]> {
    await this.#read()
    return this.#since.filter(line => texts.some(text => JSON.stringify(line).includes(text)))
  }

  /**
   * What is told of a request beside the one line that every request has, and of anything that is in trouble but the way to the
   * provider, which is told of by itself. Waits for that one line, which is the last.
   */
  async about (method: string, { url, status }: Pick<Page, 'url' | 'status'>): Promise<Line[]> {
    const request = `${method} ${new URL(url).pathname}`
    await until(`the request ${request} is logged`, async () => {
      await this.#read()
      return this.#since.some(({ msg }) => msg.startsWith(request) && msg.includes(` ${status} `))
    })
    return this.#since.filter(({ level, msg, reqId }) =>
      (level > 30 && !msg.startsWith('waiting for the identity provider')) || (reqId !== undefined && !/^[A-Z]+ \//.test(msg)))
  }

  get #since (): Line[] {
    return this.#lines.slice(this.#skipped)
  }

  async #read (): Promise<void> {
    const lines = (await this.#lab.logs()).split('\n').filter(line => line.includes('"name":"relying-party"'))
    // In front of each is what an engine writes of it.
    this.#lines = lines.map(line => JSON.parse(line.slice(line.indexOf('{"level"'))) as Line)
  }
}
