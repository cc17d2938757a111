// What the Messenger's script hands to the page, as far as it is used here.

/** @typedef {import('./auth-code.js').AuthCode} AuthCode */

/**
 * A command that the Messenger sends to the plugin.
 * @typedef {object} Command
 * @property {{ forceUpdate?: boolean }} [data]
 * @property {(result?: AuthCode) => void} resolve
 * @property {(reason: unknown) => void} reject
 */

/**
 * The part used here of what `registerPlugin` hands over.
 * @typedef {object} Plugin
 * @property {(name: string) => Promise<unknown>} command
 * @property {(name: string) => unknown} data
 * @property {(name: string, data?: unknown) => void} publish
 * @property {(name: string, handler: (e: Command) => void) => void} registerCommand
 * @property {(name: string, listener: () => void) => void} subscribe
 * @property {() => void} ready
 */

/** @typedef {{ auth?: { enabled: boolean, allowSessionUpgrade?: boolean } }} Deployment the part used here of its configuration */

/** @typedef {{ environment: string, deploymentId: string }} SnippetConfig */

/**
 * @typedef {Window & {
 *   _genesysJs?: string,
 *   Genesys: {
 *     (method: 'registerPlugin', name: string, register: (plugin: Plugin) => void): void,
 *     (method: 'command', name: string, options: object, onFulfilled: (result: unknown) => void, onRejected: (reason: unknown) => void): void,
 *     q?: IArguments[],
 *     t?: number,
 *     c?: SnippetConfig
 *   }
 * }} GenesysWindow
 */

export {}
