import { helpOrRefuse } from '#lib/settings/command-line.ts'
import { serve, type Part } from '#lib/server/serve.ts'
import type { IdpConfig } from '../idp/config.ts'
import { buildLab } from './app.ts'

helpOrRefuse(`The whole lab in one process: npm start -- [NAME=value ...]

  npm start                  with the settings of services/lab.env
  npm start APP_PORT=4000    and with another value for one of them; services/README.md says what there is

  --help

npm run dev starts each service anew when its files change. Exit code 1: it could not start, and says why.`)

await serve(() => buildLab(process.env), printWelcome)

function printWelcome (parts: Part[]) {
  const { app, console: home, users } = parts.find(({ config }) => config.name === 'idp')!.config as IdpConfig
  const widths = { username: longest(users.map(user => user.username)), password: longest(users.map(user => user.password)) }
  console.log(`
The lab is ready, ${(performance.now() / 1000).toFixed(1)} s after its start.

  Open ${home} to be signed in by a click, and to see what is exchanged;
  or ${app}, and sign in as one of these. Ctrl-C ends it.

  ${'USER'.padEnd(widths.username)}  ${'PASSWORD'.padEnd(widths.password)}  WHO
${users.map(({ username, password, claims, about }) =>
  `  ${username.padEnd(widths.username)}  ${password.padEnd(widths.password)}  ${claims.name}. ${about}`).join('\n')}
`)
}

function longest (values: string[]): number {
  return Math.max(...values.map(value => value.length))
}
