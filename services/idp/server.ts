import { serve } from '#lib/serve.ts'
import { buildIdp } from './app.ts'
import { loadIdpConfig } from './config.ts'

await serve(async () => {
  const config = loadIdpConfig()
  return [{ app: await buildIdp(config), config }]
})
