import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Test } from 'tap'

export type Role = 'banner' | 'button' | 'dialog' | 'heading' | 'link' | 'log' | 'status' | 'textbox'

/**
 * A tab, by what a person does and sees there. Elements are found by their role and by how their accessible name begins,
 * in open shadow roots too, if they are visible. What is to be clicked is waited for.
 */
export interface Tab {
  goTo (url: string): Promise<unknown>
  address (): Promise<string>
  click (role: Role, name: string): Promise<unknown>
  /** keys for what has the focus */
  type (text: string): Promise<unknown>
  press (key: 'Enter' | 'Escape' | 'Tab'): Promise<unknown>
  /** choose a file by its path */
  choose (path: string): Promise<unknown>
  /** whether it is there now */
  has (role: Role, name: string): Promise<boolean>
  /** what is to be read there now; nothing where there is no such element */
  read (role: Role): Promise<string>
  /** the button of the browser */
  goBack (): Promise<unknown>
  reload (): Promise<unknown>
  /** another tab of the same browser */
  open (): Promise<Tab>
  /** the window that an action opens */
  openedBy (action: () => Promise<unknown>): Promise<Tab>
  /** run an expression in the page */
  evaluate (expression: string): Promise<unknown>
  /** a PNG of what is to be seen */
  picture (): Promise<Buffer>
}

/** A browser that knows nobody yet, with one tab; it ends with the test. */
export type StartBrowser = (t: Test) => Promise<Tab>

/** Path of a program: as a variable of the environment names it, or the first of its name on the PATH. */
export function findProgram (variable: string, name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return process.env[variable] ?? folders.map(folder => join(folder, name)).find(path => existsSync(path))
}
