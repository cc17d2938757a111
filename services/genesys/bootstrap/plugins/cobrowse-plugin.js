/** @import { PluginContext } from '../platform/plugin-context.js' */

const COMMANDS = [
  'acceptSession', 'declineSession', 'offerState', 'stopSession', 'acceptControl', 'declineControl', 'startDrawing', 'stopDrawing',
  'acceptNavigation', 'declineNavigation'
]

/**
 * Sharing the page with the agent goes by way of Genesys' cloud, so there is none here: never `ready`, and every command says why.
 * @param {PluginContext} context
 */
export function registerCobrowse ({ bus }) {
  const plugin = bus.registerPlugin('CobrowseService', [
    'sessionStarted', 'sessionEnded', 'controlRequested', 'controlGranted', 'controlRevoked', 'navigationRequested', 'navigationGranted',
    'navigationDeclined'
  ])
  bus.registerPlugin('CobrowseVoice', ['error', 'sessionStarted', 'sessionEnded'])
  for (const name of COMMANDS) plugin.registerCommand(name, ({ reject }) => reject('Co-browse is not available: it needs Genesys Cloud.'))
}
