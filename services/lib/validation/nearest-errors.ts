import type { ErrorObject } from 'ajv'

interface Alternative {
  const?: unknown
  type?: string
  properties?: Record<string, { const?: unknown }>
  anyOf?: Alternative[]
}

/**
 * Of a choice between schemas (`anyOf`) Ajv has the errors of each. What stays are those of the one that was meant: that of the
 * discriminator's value, else that of the value's type, else the one with the fewest; or one error for the choice itself.
 *
 * @param errors of a validator that is `verbose`
 */
export function nearestErrors (errors: ErrorObject[]): ErrorObject[] {
  const nearest: ErrorObject[] = []
  for (const error of errors) nearest.push(...error.keyword === 'anyOf' ? meantBy(error, takeBranches(error, nearest)) : [error])
  return nearest
}

/** Those of each branch of a choice: Ajv has them right before the error of the choice itself, so that one pass takes linear time. */
function takeBranches ({ schema, schemaPath, instancePath }: ErrorObject, nearest: ErrorObject[]): ErrorObject[][] {
  const isInside = (error: ErrorObject) =>
    error.schemaPath.startsWith(`${schemaPath}/`) && `${error.instancePath}/`.startsWith(`${instancePath}/`)
  const inside = nearest.splice(nearest.findLastIndex(error => !isInside(error)) + 1)
  return (schema as Alternative[]).map((_, index) => inside.filter(error => error.schemaPath.startsWith(`${schemaPath}/${index}/`)))
}

function meantBy (choice: ErrorObject, branches: ErrorObject[][]): ErrorObject[] {
  const alternatives = choice.schema as Alternative[]
  if (alternatives.every(alternative => 'const' in alternative)) return [oneOf(choice, alternatives.map(({ const: value }) => value))]

  const ofItsType = branches.filter(branch =>
    !branch.some(({ keyword, instancePath }) => keyword === 'type' && instancePath === choice.instancePath))
  if (ofItsType.length === 0) return [{ ...choice, keyword: 'type', params: { type: [...new Set(alternatives.flatMap(typesOf))] } }]

  const discriminator = discriminatorOf(alternatives)
  if (discriminator === undefined) return ofItsType.toSorted((a, b) => a.length - b.length)[0]!
  const value = (choice.data as Record<string, unknown>)[discriminator]
  if (value === undefined) return [{ ...choice, keyword: 'required', params: { missingProperty: discriminator } }]
  const values = alternatives.map(({ properties }) => properties?.[discriminator]?.const)
  return branches[values.indexOf(value)] ??
    [oneOf({ ...choice, instancePath: `${choice.instancePath}/${discriminator}`, data: value }, values)]
}

const typesOf = ({ type, anyOf = [] }: Alternative): string[] => type === undefined ? anyOf.flatMap(typesOf) : [type]

const oneOf = (error: ErrorObject, allowedValues: unknown[]): ErrorObject => ({ ...error, keyword: 'enum', params: { allowedValues } })

/** The member by whose value objects of several kinds are told apart, where there is one. */
const discriminatorOf = (alternatives: Alternative[]): string | undefined =>
  Object.keys(alternatives[0]?.properties ?? {}).find(name =>
    alternatives.every(({ properties }) => properties !== undefined && name in properties && 'const' in properties[name]!))
