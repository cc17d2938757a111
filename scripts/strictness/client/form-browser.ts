import { load, type CheerioAPI } from 'cheerio'
import { ScriptlessBrowser, type Page as ScriptlessPage } from '#lib/browser/scriptless-browser.ts'

/** What a browser came to: an address of the client, or a page that leads no further. */
export interface Arrival {
  /** the address of the client, with what the provider sent to it */
  left: URL | undefined
  page: Page
}

export interface Page extends ScriptlessPage {
  $: CheerioAPI
}

/** The provider wants somebody to sign in whom it then refuses, or who was not named. */
export class SignInError extends Error {
  override name = 'SignInError'
}

const maxSteps = 30
const agreeing = /\b(allow|accept|agree|approve|authori[sz]e|confirm|continue|grant|yes|log ?out|sign ?out)\b/i
const refusing = /\b(abort|back|cancel|deny|decline|no|not|reject|stay)\b/i
const usernameFields = [
  'input[autocomplete~=username]', 'input[type=email]', 'input[name*=user i]', 'input[name*=login i]', 'input[name*=email i]',
  'input[type=text]', 'input:not([type])'
]

/**
 * A browser without a window and without scripts, whose user signs in with a password where one is asked for, and agrees
 * to everything else.
 */
export class Browser {
  readonly #browser = new ScriptlessBrowser()
  readonly #user: { username?: string | undefined, password?: string | undefined }
  readonly #isClients: (url: URL) => boolean
  /** pages on which this user typed a password */
  readonly signInPages: Page[] = []
  /** statuses of the redirects that answered a form */
  readonly redirectsAfterForms: number[] = []

  /** @param isClients addresses where the way through the provider ends */
  constructor (user: { username?: string | undefined, password?: string | undefined }, isClients: (url: URL) => boolean) {
    this.#user = user
    this.#isClients = isClients
  }

  /** Go to a page of the provider and on, by redirects and forms, until it sends the browser back or leads no further. */
  async open (url: string): Promise<Arrival> {
    let page = await this.#request(url)
    let isAnswerToForm = false
    let hasTypedPassword = false
    for (let steps = 0; steps < maxSteps; steps++) {
      const location = page.headers.get('location')
      if (page.status >= 300 && page.status < 400 && location !== null) {
        if (isAnswerToForm) this.redirectsAfterForms.push(page.status)
        const next = new URL(location, page.url)
        if (this.#isClients(next)) return { left: next, page }
        page = await this.#request(next.href)
        isAnswerToForm = false
        continue
      }
      const form = this.#nextForm(page.$)
      const asksForPassword = form !== undefined && form.find('input[type=password]').length > 0
      if (asksForPassword && hasTypedPassword) {
        throw new SignInError(`the provider does not let ${this.#user.username} in with this password`)
      }
      if (!form || page.status >= 400) return { left: undefined, page }
      if (asksForPassword) this.signInPages.push(page)
      hasTypedPassword ||= asksForPassword
      page = await this.#submit(page, form)
      isAnswerToForm = true
    }
    throw new Error(`no end after ${maxSteps} pages and redirects, the last of them at ${page.url}`)
  }

  /** The form of the password; or else one to agree with, or one that a script would have sent. */
  #nextForm ($: CheerioAPI): Form | undefined {
    const forms = formsOf($).toArray().map(form => $(form))
    const posts = forms.filter(form => form.attr('method')?.toLowerCase() === 'post')
    return forms.find(form => form.find('input[type=password]').length > 0) ??
      posts.find(form => buttonsOf($, form).some(isAgreeing)) ??
      posts.find(form => !buttonsOf($, form).some(isRefusing))
  }

  async #submit (page: Page, form: Form): Promise<Page> {
    const fields = new URLSearchParams(form.serializeArray().map(({ name, value }): [string, string] => [name, value]))
    const buttons = buttonsOf(page.$, form)
    const pressed = buttons.find(isAgreeing) ?? buttons.find(button => !isRefusing(button))
    if (pressed?.attr('name')) fields.set(pressed.attr('name')!, pressed.attr('value') ?? '')
    for (const [name, value] of this.#type(form)) fields.set(name, value)
    const action = new URL(form.attr('action') || page.url, page.url)
    if (form.attr('method')?.toLowerCase() === 'post') return this.#request(action.href, fields)
    action.search = String(fields)
    return this.#request(action.href)
  }

  /** What the user types into fields that are recognised by their type, their purpose or their name. */
  #type (form: Form): [string, string][] {
    const password = form.find('input[type=password]').first().attr('name')
    const username = usernameFields
      .map(selector => form.find(selector).not('[type=hidden], [type=password], [type=submit]').first().attr('name'))
      .find(name => name !== undefined)
    if (password === undefined && username === undefined) return []
    const { username: typedName, password: typedPassword } = this.#user
    if (typedName === undefined || typedPassword === undefined) {
      throw new SignInError('the provider asks who signs in: give --username and --password')
    }
    return [[username, typedName], [password, typedPassword]].filter((typed): typed is [string, string] => typed[0] !== undefined)
  }

  async #request (url: string, form?: URLSearchParams): Promise<Page> {
    const page = await this.#browser.request(url, form && { form })
    return { ...page, $: load(page.text) }
  }
}

type Form = ReturnType<typeof formsOf>

const formsOf = ($: CheerioAPI) => $('form')

/** The buttons that send a form, also those that stand elsewhere and name it. */
function buttonsOf ($: CheerioAPI, form: Form): Form[] {
  const id = form.attr('id')
  const elsewhere = $('[form]').filter((_, element) => id !== undefined && $(element).attr('form') === id)
  return [...form.find('button, input').toArray(), ...elsewhere.toArray()]
    .map(element => $(element) as unknown as Form)
    .filter(element => element.is('button:not([type=button], [type=reset]), input[type=submit]'))
}

const labelOf = (button: Form): string => button.text().trim() || (button.attr('value') ?? '')
const isAgreeing = (button: Form): boolean => agreeing.test(labelOf(button)) && !isRefusing(button)
const isRefusing = (button: Form): boolean => refusing.test(labelOf(button))
