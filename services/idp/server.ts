import { serve } from '#lib/server/serve.ts'
import { noticeOtherCheckout } from '#lib/store/checkout.ts'
import { buildIdp } from './app.ts'
import { loadIdpConfig } from './config.ts'

await serve(async () => {
  const config = loadIdpConfig()
  const app = await buildIdp(config)
  const { CHECKOUT: folder = '', COMPOSE_PROJECT_NAME: project = '' } = process.env
  await noticeOtherCheckout(config.stateFolder, { folder, project }, app.log)
  return [{ app, config }]
})
