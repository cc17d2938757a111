import type { ErrorOut } from 'oidc-provider'
import type { ErrorDetails } from './error-details.ts'

/** The pages that the provider shows itself, each rendered to HTML. */
export interface ProviderPages {
  error (out: ErrorOut, details: ErrorDetails): Promise<string>
  /** @param xsrf value of the field `xsrf` of the form that is posted to `/session/end/confirm` */
  logout (clientName: string | undefined, xsrf: string): Promise<string>
  loggedOut (): Promise<string>
  /**
   * A page that goes on to `/session/end/confirm` by a click.
   *
   * @param why nobody was signed in any more; or somebody else was, and has to be signed out for the one who signs in
   */
  goOn (why: 'nobody signed in' | 'somebody else signed in', xsrf: string): Promise<string>
  /** Another page, by the name of its template. */
  show (template: string, page: object): Promise<string>
}
