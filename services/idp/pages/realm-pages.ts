import type { ErrorOut } from 'oidc-provider'
import type { Server } from '#lib/server/http-server.ts'
import type { ErrorDetails } from '../provider/error-details.ts'
import type { ProviderPages } from '../provider/provider-pages.ts'
import type { Realm } from '../realm/realm.ts'
import { errorPage } from './error-pages.ts'

const wordsToGoOn = {
  'nobody signed in': { title: 'You are signed out', meaning: 'Tern ID had forgotten you in this browser already.' },
  'somebody else signed in': {
    title: 'Somebody else is signed in',
    meaning: 'They are signed out of Tern ID in this browser when you go on.'
  }
}

/** The pages that oidc-provider shows for one realm, made of templates. */
export class RealmPages implements ProviderPages {
  readonly #server: Server
  readonly #realm: Realm
  readonly #app: string

  /**
   * @param server has the templates, by the plugin `pages`, when the first page is asked for
   * @param app URL of the application that people go back to
   */
  constructor (server: Server, realm: Realm, app: string) {
    this.#server = server
    this.#realm = realm
    this.#app = app
  }

  error (out: ErrorOut, details: ErrorDetails): Promise<string> {
    return this.show('error', { ...errorPage(out, this.#realm.clients), ...details })
  }

  logout (client: string | undefined, xsrf: string): Promise<string> {
    return this.show('sign-out', { title: 'Sign out', client, xsrf })
  }

  loggedOut (): Promise<string> {
    return this.show('signed-out', { title: 'Signed out', app: this.#app })
  }

  goOn (why: keyof typeof wordsToGoOn, xsrf: string): Promise<string> {
    return this.show('continue', { ...wordsToGoOn[why], xsrf })
  }

  show (template: string, page: object): Promise<string> {
    return this.#server.view(template, { ...page, base: this.#realm.mountPath })
  }
}
