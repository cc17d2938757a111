import { serve, type Part } from '#lib/serve.ts'
import type { IdpConfig } from '../idp/config.ts'
import { buildLab } from './app.ts'

await serve(() => buildLab(process.env), printWelcome)

function printWelcome (parts: Part[]) {
  const { app, users } = parts.find(({ config }) => config.name === 'idp')!.config as IdpConfig
  const widths = { username: longest(users.map(user => user.username)), password: longest(users.map(user => user.password)) }
  console.log(`
The lab is ready, ${(performance.now() / 1000).toFixed(1)} s after its start.

  Open ${app} and sign in as one of these. Ctrl-C ends it.

  ${'USER'.padEnd(widths.username)}  ${'PASSWORD'.padEnd(widths.password)}  WHO
${users.map(({ username, password, claims, about }) =>
  `  ${username.padEnd(widths.username)}  ${password.padEnd(widths.password)}  ${claims.name}. ${about}`).join('\n')}
`)
}

function longest (values: string[]): number {
  return Math.max(...values.map(value => value.length))
}
