/** Pattern of the UUIDs on the wire: ids of deployments and customers, session tokens. Their case means nothing (RFC 9562 section 4). */
export const uuid = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'

const pattern = new RegExp(uuid)

export const isUuid = (value: unknown): value is string => typeof value === 'string' && pattern.test(value)
