const deepest = 100

/** Whether a body is nested deeper than what keeps it or sends it could follow. */
export const isTooDeep = (value: unknown, depth = 0): boolean => typeof value === 'object' && value !== null &&
  (depth > deepest || Object.values(value).some(member => isTooDeep(member, depth + 1)))
