/** Terms of the lessons, each in one or two sentences: `[[term]]` in a text leads here. */
export const glossary: Record<string, string> = {}
