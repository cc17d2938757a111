/**
 * @typedef {object} SnippetConfig
 * @property {string} environment
 * @property {string} deploymentId
 * @property {boolean | undefined} [debug]
 *
 * @typedef {object} GenesysGlobal What the snippet leaves on `window`, and what replaces it.
 * @property {unknown[][] | undefined} [q]
 * @property {number | undefined} [t]
 * @property {SnippetConfig | undefined} [c]
 *
 * @typedef {object} DeploymentConfig
 * @property {string} apiEndpoint
 * @property {string} status
 * @property {{ enabled: boolean, allowSessionUpgrade?: boolean }} [auth]
 * @property {{ enabled?: boolean }} [headlessMode]
 * @property {MessengerConfig} messenger
 *
 * @typedef {object} MessengerConfig
 * @property {boolean} enabled
 * @property {{ conversations: ConversationsConfig }} apps
 * @property {{ primaryColor?: string }} [styles]
 * @property {{ visibility?: 'On' | 'Off' | 'OnDemand' }} [launcherButton]
 *
 * @typedef {object} ConversationsConfig
 * @property {string} messagingEndpoint
 * @property {boolean | undefined} [showUserTypingIndicator]
 * @property {boolean | undefined} [showAgentTypingIndicator]
 * @property {{ enabled: boolean }} [autoStart]
 * @property {{ enabled: boolean }} [conversationClear]
 *
 * @typedef {object} PluginContext
 * @property {import('./dispatcher.js').Dispatcher} dispatcher
 * @property {DeploymentConfig} config
 * @property {string} deploymentId
 * @property {import('./storage.js').LabelledStorage} storage Shared by the tabs of this origin.
 * @property {import('./storage.js').LabelledStorage} tabStorage
 *
 * @typedef {object} GenesysEvent
 * @property {number} time
 * @property {string} publisher
 * @property {string} event
 * @property {string | undefined} [eventName]
 * @property {unknown} data
 *
 * @typedef {(event: GenesysEvent) => void} Subscriber
 *
 * @typedef {object} CommandEvent
 * @property {unknown} data
 * @property {(value?: unknown) => void} resolve
 * @property {(reason?: unknown) => void} reject
 *
 * @typedef {object} Plugin
 * @property {(name: string, data?: unknown) => Promise<unknown>} command
 * @property {(name: string, callback: Subscriber) => void} subscribe
 * @property {(name: string) => void} unsubscribe
 * @property {(name: string, data?: unknown) => void} publish
 * @property {(name: string, data?: unknown) => void} republish
 * @property {(name: string) => void} retract Whoever subscribes from now on does not get the republished event; not documented, our choice.
 * @property {(name: string, handler: (event: CommandEvent) => unknown) => void} registerCommand
 * @property {(name: string, value?: unknown) => unknown} data
 * @property {() => void} ready
 *
 * @typedef {object} Frame A frame of the Guest API.
 * @property {'response' | 'message'} type
 * @property {string} class
 * @property {number} code
 * @property {unknown} body
 * @property {string | undefined} [tracingId]
 *
 * @typedef {object} SessionResponse
 * @property {boolean} connected
 * @property {boolean | undefined} [newSession]
 * @property {boolean | undefined} [readOnly]
 * @property {boolean | undefined} [clearedExistingSession]
 * @property {number | undefined} [durationSeconds]
 * @property {number | undefined} [expirationDate] Epoch seconds.
 * @property {{ inbound?: { fileTypes?: { type: string }[], maxFileSizeKB?: number } }} [allowedMedia]
 * @property {string[] | undefined} [blockedExtensions] With their dots.
 * @property {number | undefined} [maxCustomDataBytes]
 *
 * @typedef {object} Participant
 * @property {string | undefined} [firstName]
 * @property {string | undefined} [lastName]
 * @property {string | undefined} [nickname]
 *
 * @typedef {object} MessageEvent
 * @property {string} eventType
 * @property {{ type: string, duration?: number }} [typing]
 * @property {{ type: string }} [presence]
 *
 * @typedef {object} StructuredMessage
 * @property {string | undefined} [id]
 * @property {'Text' | 'Event' | 'Structured'} type
 * @property {string | undefined} [text]
 * @property {'Inbound' | 'Outbound' | undefined} [direction]
 * @property {{ time?: string, messageId?: string, from?: Participant }} [channel]
 * @property {{ contentType: string, attachment?: { id: string } }[] | undefined} [content]
 * @property {MessageEvent[] | undefined} [events]
 * @property {Record<string, string> | undefined} [metadata]
 * @property {'Human' | 'Bot' | undefined} [originatingEntity]
 * @property {string | undefined} [tracingId]
 *
 * @typedef {object} MessagingError
 * @property {number} code
 * @property {string} body
 * @property {string} errorKey
 * @property {string | undefined} [tracingId]
 */

export {}
