import { registerLazyCommands } from './lazy-commands.js'

/** @import { PluginContext } from '../platform/plugin-context.js' */

const COMMANDS = [
  'pageview', 'record', 'formsTrack', 'trackClickEvents', 'trackIdleEvents', 'trackInViewport', 'trackScrollDepth',
  'recordActionStateChange'
]

/**
 * What the visitor does on the page is told to the service, which shows it beside the conversation.
 * @see https://developer.genesys.cloud/commdigital/digital/webmessaging/messengersdk/SDKCommandsEvents/journeyPlugin
 * @param {PluginContext} context
 */
export function registerJourney (context) {
  const plugin = context.bus.registerPlugin('Journey', ['qualifiedWebMessagingOffer', 'qualifiedContentOffer', 'qualifiedOpenAction'])
  const off = () => { throw new Error('Journey events are not enabled in your configuration.') }
  const isOn = context.config.journeyEvents?.enabled === true
  if (!isOn) for (const name of COMMANDS) plugin.registerCommand(name, off)
  else {
    registerLazyCommands(plugin, COMMANDS, async () => {
      const { journey } = await import('./journey-tracking.js')
      return journey(context)
    })
  }
  plugin.ready()
}
