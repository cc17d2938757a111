import { serve } from '#lib/server/serve.ts'
import { buildConsole } from './app.ts'
import { loadConsoleConfig } from './config.ts'

await serve(async () => {
  const config = loadConsoleConfig()
  return [{ app: await buildConsole(config), config }]
})
