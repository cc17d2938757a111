/** The careless site, as the provider knows it. */
export const clientId = 'careless'
export const clientSecret = 'lab-only-secret-of-careless'
/** The client by which the careless site’s chat gets to know who chats. */
export const messengerClientId = 'careless-messenger'
/** A game of the attacker’s, known to the same provider. */
export const gameClientId = 'game'
