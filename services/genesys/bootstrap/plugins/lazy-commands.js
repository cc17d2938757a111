/** @import { Plugin } from '../platform/plugin-bus.js' */

/**
 * Lazy loading: registers commands whose code is loaded when the first of them is called: few pages use them, and all would wait for them.
 * @param {Plugin} plugin
 * @param {string[]} commands
 * @param {() => Promise<Record<string, (data: unknown) => unknown>>} load What each of them does with its options.
 */
export function registerLazyCommands (plugin, commands, load) {
  /** @type {ReturnType<typeof load> | undefined} */
  let loading
  const loaded = async () => {
    loading ??= load()
    try {
      return await loading
    } catch {
      // The next call tries again.
      loading = undefined
      throw new Error('This part of the Messenger could not be loaded')
    }
  }
  for (const name of commands) plugin.registerCommand(name, async ({ data, resolve }) => resolve(await (await loaded())[name]?.(data)))
}
