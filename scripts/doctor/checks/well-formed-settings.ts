import { DataFileError } from '#lib/settings/data-file.ts'
import { SettingsError } from '#lib/settings/settings.ts'
import { loadRelyingPartyConfig, type RelyingPartyConfig } from '../../../services/relying-party/config.ts'
import { ok, problem, type Outcome } from '../finding.ts'

/** The settings as the relying party reads them; or why it cannot. */
export function readConfig (env: NodeJS.ProcessEnv): { outcome: Outcome, config?: RelyingPartyConfig } {
  try {
    return { outcome: ok('every setting can be read'), config: loadRelyingPartyConfig(env) }
  } catch (error) {
    if (!(error instanceof SettingsError || error instanceof DataFileError)) throw error
    const change = 'correct the settings that are named; services/relying-party/README.md has a table of them'
    return { outcome: problem(error.message.replaceAll(/\s*\n\s*/g, ' '), change) }
  }
}
