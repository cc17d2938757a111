import { ScriptlessBrowser, wordsOf, type Page, type PageRequest } from '#lib/browser/scriptless-browser.ts'

/** A move that did not succeed, and why, in the words of whoever has refused it. */
export class MoveRefused extends Error {
  override name = 'MoveRefused'
}

/** A browser in which somebody signs in at the provider when they are asked to. */
export class Visitor extends ScriptlessBrowser {
  /**
   * Open an address, go on to where redirects lead, and sign in on the way if the provider asks who it is.
   *
   * @param as user name; the password of each is theirs
   * @param stopAt what is not opened, but kept: the page has that address then
   * @throws {MoveRefused} with what the page says, where it is refused
   */
  async visit (url: string, { as, stopAt, ...request }: PageRequest & { as?: string, stopAt?: (url: string) => boolean } = {}): Promise<Page> {
    const page = await this.open(url, request, stopAt)
    const action = as !== undefined && /<form[^>]* action="([^"]+\/sign-in)"/.exec(page.text)?.[1]
    if (!action) return allowed(page)
    return allowed(await this.open(new URL(action, page.url).href, { form: { username: as, password: `${as}-lab` } }, stopAt))
  }

  /** Sign out at the provider itself, which tells the applications that want to know. */
  async signOutAt (issuer: string): Promise<void> {
    const { text, url } = allowed(await this.open(`${issuer}/session/end`))
    const [, action, xsrf] = /<form[^>]* action="([^"]+)"[^>]*>\s*<input[^>]* name="xsrf" value="([^"]+)"/.exec(text) ?? []
    if (action === undefined || xsrf === undefined) throw new MoveRefused('The provider has no page to sign out.')
    allowed(await this.open(new URL(action, url).href, { form: { xsrf, logout: 'yes' } }))
  }
}

/**
 * A page that was not refused.
 *
 * @throws {MoveRefused} with what it says otherwise
 */
export function allowed (page: Page): Page {
  if (page.status < 400) return page
  throw new MoveRefused(refusalOf(page))
}

/** Why a page was refused, in its own words. */
export function refusalOf (page: Page): string {
  const said = /class="refusal"[^>]*>([^<]*)</.exec(page.text)?.[1]
  return unescaped(said ?? errorIn(page) ?? problemIn(page) ?? wordsOf(page)).trim().slice(0, 400)
}

function errorIn ({ text }: Page): string | undefined {
  if (!text.startsWith('{')) return undefined
  const { error, error_description: description } = JSON.parse(text) as { error?: string, error_description?: string }
  return [error, description].filter(part => part !== undefined).join(': ')
}

// Of the page that the relying party of the lab shows: what it says to everybody, and to those who look closer.
function problemIn ({ text }: Page): string | undefined {
  const [, title, meaning] = /<h1>([^<]+)<\/h1>\s*<p>([^<]+)<\/p>/.exec(text) ?? []
  const wrong = /<dt>what was wrong<\/dt><dd>([^<]+)</.exec(text)?.[1]
  if (title === undefined) return undefined
  return `${title}. ${meaning}${wrong === undefined ? '' : ` What was wrong: ${wrong}`}`
}

const unescaped = (text: string) => text.replace(/&(?:amp|lt|gt|quot|#39|#x27);/g, entity =>
  ({ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' })[entity] ?? '’')
