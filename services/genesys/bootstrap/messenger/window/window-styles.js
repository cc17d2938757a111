import composer from '../composer/composer-styles.js'
import content from '../log/content-styles.js'
import log from '../log/log-styles.js'
import questionnaire from '../questionnaire/questionnaire-styles.js'
import theme from '../shared/theme.js'
import frame from './frame-styles.js'
import preferences from './preference-styles.js'

// What the person has asked of their system comes last and wins.
export default [theme, frame, log, content, composer, questionnaire, preferences]
