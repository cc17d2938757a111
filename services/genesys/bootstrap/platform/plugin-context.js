/** @import { DeploymentConfig } from './deployment-config.js' */
/** @import { LabelledStorage } from './labelled-storage.js' */
/** @import { PluginBus } from './plugin-bus.js' */

/**
 * @typedef {object} PluginContext
 * @property {PluginBus} bus
 * @property {DeploymentConfig} config
 * @property {string} deploymentId
 * @property {LabelledStorage} storage Shared by the tabs of this origin.
 * @property {LabelledStorage} tabStorage
 */

export {}
