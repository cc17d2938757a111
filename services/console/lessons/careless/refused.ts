/** What a check throws where something does not hold: the site shows the message and signs nobody in. */
export class Refused extends Error {
  override name = 'Refused'
}
