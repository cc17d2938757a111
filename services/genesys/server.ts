import { serve } from '#lib/server/serve.ts'
import { buildGenesys } from './app.ts'
import { loadGenesysConfig } from './config.ts'

await serve(async () => {
  const config = loadGenesysConfig()
  return [{ app: await buildGenesys(config), config }]
})
