import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Chromium without a window, which starts fast and takes half the time for a page, and the whole one, which has settings
 * of its own about cookies.
 */
export const chromiumNames = {
  shell: ['chromium-headless-shell', 'chrome-headless-shell'],
  whole: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
}

/** Path of this machine's Chromium: `CHROMIUM_PATH`, or the first on the PATH; nothing when there is none. */
export function findChromium (names: string[] = [...chromiumNames.shell, ...chromiumNames.whole]): string | undefined {
  if (process.env['CHROMIUM_PATH']) return process.env['CHROMIUM_PATH']
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return names.flatMap(name => folders.map(folder => join(folder, name))).find(path => existsSync(path))
}

/** Chromium's sandbox refuses to run as root. */
export const sandboxArgs = process.getuid?.() === 0 ? ['--no-sandbox'] : []
