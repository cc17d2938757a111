// What pnpm does not read as npm does.
import { readFileSync } from 'node:fs'

const { allowScripts } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

export const hooks = {
  // No package needs its install script. Without a list pnpm takes each that has one for a mistake.
  updateConfig: config => ({ ...config, allowBuilds: allowScripts }),
  // The packages of Node name one system as a word. Without the list that pnpm looks for it fetches those of others too.
  readPackage: ({ os = [], cpu = [], ...manifest }) => ({ ...manifest, os: [os].flat(), cpu: [cpu].flat() })
}
