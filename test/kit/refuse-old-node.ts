// Imported first, so that an old Node is told of in words, and not by what it lacks.
import { complaint } from './needed-node.ts'

if (complaint !== undefined) throw new Error(complaint)
