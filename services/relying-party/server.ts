import { serve } from '#lib/server/serve.ts'
import { buildRelyingParty } from './app.ts'
import { loadRelyingPartyConfig } from './config.ts'

await serve(async () => {
  const config = loadRelyingPartyConfig()
  return [{ app: await buildRelyingParty(config), config }]
}, ([part]) => part?.app.log.info(`open ${part.config.url} in a browser`))
