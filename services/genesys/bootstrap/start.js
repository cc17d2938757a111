import { fetchDeployment, trimmedConfig } from './platform/deployment-config.js'
import { LabelledStorage } from './platform/labelled-storage.js'
import { PluginBus } from './platform/plugin-bus.js'
import { registerAuth } from './plugins/auth-plugin.js'
import { registerCobrowse } from './plugins/cobrowse-plugin.js'
import { registerConversations } from './plugins/conversations-plugin.js'
import { registerDatabase } from './plugins/database-plugin.js'
import { registerEngage } from './plugins/engage-plugin.js'
import { registerIdentifiers } from './plugins/identifiers-plugin.js'
import { registerJourney } from './plugins/journey-plugin.js'
import { registerKnowledge } from './plugins/knowledge-plugin.js'
import { registerLauncher } from './plugins/launcher-plugin.js'
import { registerMessagingService } from './plugins/messaging-service-plugin.js'
import { registerMessenger } from './plugins/messenger-plugin.js'
import { registerToaster } from './plugins/toaster-plugin.js'

/** @import { DeploymentConfig } from './platform/deployment-config.js' */
/** @import { GenesysGlobal, SnippetConfig } from './platform/plugin-bus.js' */

/**
 * What runs on this page by each name, kept where a second run of the script finds it: one page has one bus and one
 * launcher, however often a framework mounts the snippet.
 */
const RUNNING = Symbol.for('genesys.running')

/** @typedef {{ [RUNNING]?: Map<string, PluginBus> } & Record<string, GenesysGlobal | undefined>} Globals */

/**
 * Replaces the snippet's stub by the real function, before it returns, and starts what the deployment asks for.
 * @param {string} origin Where the script came from; it serves configuration, REST and WebSocket alike.
 */
export function start (origin) {
  const globals = /** @type {Globals} */ (/** @type {unknown} */ (window))
  const name = String(globals._genesysJs ?? 'Genesys')
  const running = globals[RUNNING] ??= new Map()
  const stub = globals[name] ?? {}
  const earlier = running.get(name)
  if (earlier) {
    globals[name] = earlier.genesys
    earlier.adopt(stub)
    return
  }
  const { c: snippetConfig } = stub
  if (!snippetConfig) {
    console.error(`${name}: the snippet carries no configuration`)
    return
  }
  const bus = new PluginBus({ t: stub.t, c: snippetConfig })
  running.set(name, bus)
  globals[name] = bus.genesys
  bus.adopt(stub)
  startDeployment(bus, { name, origin, snippetConfig })
}

/**
 * @param {PluginBus} bus
 * @param {{ name: string, origin: string, snippetConfig: SnippetConfig }} page
 */
async function startDeployment (bus, { name, origin, snippetConfig }) {
  /** @type {DeploymentConfig | undefined} */
  let config
  const genesysJs = bus.registerPlugin('GenesysJS', ['configurationReceived', 'domainNotAllowed'])
  genesysJs.registerCommand('configuration', ({ resolve, reject }) => {
    if (config) resolve(trimmedConfig(config))
    else reject('Deployment config is not available')
  })
  genesysJs.ready()

  // What is stored in this browser is stored under it, in whichever case a page writes it.
  const deploymentId = String(snippetConfig.deploymentId).toLowerCase()
  try {
    config = await fetchDeployment(origin, deploymentId)
    if (config) {
      genesysJs.republish('configurationReceived', { deploymentConfig: config, snippetConfig })
      if (config.status === 'Active') startProducts(bus, config, deploymentId)
    } else {
      // Replayed, so that a page that subscribes late learns it as well.
      genesysJs.republish('domainNotAllowed', { domain: location.hostname })
    }
  } catch (error) {
    console.error(`${name}: deployment ${deploymentId} could not be started`, error)
  }
  bus.executeQueue()
}

/**
 * @param {PluginBus} bus
 * @param {DeploymentConfig} config
 * @param {string} deploymentId
 */
function startProducts (bus, config, deploymentId) {
  const context = {
    bus,
    config,
    deploymentId,
    storage: new LabelledStorage(deploymentId, 'localStorage'),
    tabStorage: new LabelledStorage(deploymentId, 'sessionStorage')
  }
  const identity = registerAuth(context)
  registerDatabase(context)
  const service = registerMessagingService(context, identity)
  registerConversations(context)
  registerIdentifiers(context)
  registerJourney(context)
  registerToaster(context)
  registerEngage(context)
  registerKnowledge(context)
  registerCobrowse(context)
  const view = registerMessenger(context, () => {
    identity.auth.shutDown()
    service.shutDown()
  })
  registerLauncher(context, view)
}
