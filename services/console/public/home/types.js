/**
 * What the control API says of a realm.
 * @typedef {{ username: string, password: string, about: string, disabled: boolean, claims: Record<string, unknown> }} User
 * @typedef {{ client_id: string, permissive: import('../let-off.js').Permissive }} Client
 * @typedef {{ fault: string, client_id?: string, username?: string, remaining?: number }} ActiveFault
 * @typedef {{ users: User[], clients: Client[], active: ActiveFault[], offsetSeconds: number }} Control
 */
export {}
