import { fetchDeployment, trimmedConfig } from './deployment.js'
import { Dispatcher } from './dispatcher.js'
import { registerAuth } from './plugins/auth.js'
import { registerConversations } from './plugins/conversations.js'
import { registerDatabase } from './plugins/database.js'
import { registerLauncher } from './plugins/launcher.js'
import { registerMessagingService } from './plugins/messaging-service.js'
import { registerMessenger } from './plugins/messenger.js'
import { LabelledStorage } from './storage.js'

/** @import { DeploymentConfig, GenesysGlobal } from './types.js' */

/**
 * Replaces the snippet's stub by the real dispatcher and starts what the deployment asks for.
 * @param {string} origin Where the script came from; it serves configuration, REST and WebSocket alike.
 */
export async function start (origin) {
  const globals = /** @type {Record<string, GenesysGlobal | undefined>} */ (/** @type {unknown} */ (window))
  const name = String(globals._genesysJs ?? 'Genesys')
  const stub = globals[name] ?? {}
  const snippetConfig = stub.c
  if (!snippetConfig) throw new Error(`${name}: the snippet carries no configuration`)

  const dispatcher = new Dispatcher(stub)
  globals[name] = Object.assign(dispatcher.genesys, { t: stub.t, c: snippetConfig })

  /** @type {DeploymentConfig | undefined} */
  let config
  const genesysJs = dispatcher.registerPlugin('GenesysJS')
  genesysJs.registerCommand('configuration', ({ resolve, reject }) => {
    if (config) resolve(trimmedConfig(config))
    else reject('Deployment config is not available')
  })
  genesysJs.ready()

  const { deploymentId } = snippetConfig
  try {
    config = await fetchDeployment(origin, deploymentId)
    if (config) {
      genesysJs.republish('configurationReceived', { deploymentConfig: config, snippetConfig })
      if (config.status === 'Active') startProducts(dispatcher, config, deploymentId)
    } else {
      // Replayed, so that a page that subscribes late learns it as well; not documented, our choice.
      genesysJs.republish('domainNotAllowed', { domain: location.hostname })
    }
  } catch (error) {
    console.error(`${name}: deployment ${deploymentId} could not be started`, error)
  }
  dispatcher.executeQueue()
}

/**
 * @param {Dispatcher} dispatcher
 * @param {DeploymentConfig} config
 * @param {string} deploymentId
 */
function startProducts (dispatcher, config, deploymentId) {
  const context = {
    dispatcher,
    config,
    deploymentId,
    storage: new LabelledStorage(deploymentId, 'localStorage'),
    tabStorage: new LabelledStorage(deploymentId, 'sessionStorage')
  }
  const identity = registerAuth(context)
  registerDatabase(context)
  registerMessagingService(context, identity)
  registerConversations(context)
  const view = registerMessenger(context)
  registerLauncher(context, view)
}
