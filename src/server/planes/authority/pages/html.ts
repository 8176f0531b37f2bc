import { createHash } from 'node:crypto'

/** Text that is HTML already. Everything else that goes into a page is escaped. */
export type Html = { readonly html: string }

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, character => entities[character] ?? '')

/** A template whose values are escaped unless they are HTML themselves; undefined is nothing. */
export const html = (parts: TemplateStringsArray, ...values: (string | Html | undefined)[]): Html => ({
  html: parts.reduce((text, part, i) => {
    const value = values[i - 1]
    return text + (value === undefined ? '' : typeof value === 'string' ? escaped(value) : value.html) + part
  }),
})

const style = `
:root { color-scheme: light dark; --ink: #1b1b1f; --paper: #fff; --ground: #f1f2f6; --line: #767680; --accent: #0b57b0; --on-accent: #fff; --alarm: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e9ee; --paper: #22232a; --ground: #16171c; --line: #9a9aa6; --accent: #8ab8ff; --on-accent: #0a1a30; --alarm: #ff9b92 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { width: min(26rem, 100%); padding: 2rem; background: var(--paper); border-radius: .75rem }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25 }
p { margin: 0 0 1rem; overflow-wrap: anywhere }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600 }
input { width: 100%; padding: .6rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .4rem }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem }
button { min-height: 2.75rem; padding: 0 1.25rem; font: inherit; font-weight: 600; border: 1px solid var(--accent); border-radius: .4rem; background: var(--accent); color: var(--on-accent); cursor: pointer }
button.second { background: transparent; color: var(--accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.alarm { color: var(--alarm); font-weight: 600 }
`
const styleHash = createHash('sha256').update(style).digest('base64')

type PageOptions = {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Where the answer to a form may lead, besides this page: browsers apply the rule to redirects, too. */
  readonly formTarget?: string
}

/** A page without scripts that nobody can frame and that loads nothing. */
export function page(
  title: string,
  content: Html,
  { status = 200, headers = {}, formTarget }: PageOptions = {},
): Response {
  const formAction = formTarget === undefined ? "'self'" : `'self' ${formTarget}`
  const { html: text } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${{ html: style }}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`
  return new Response(text, {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${styleHash}'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
      'X-Frame-Options': 'DENY',
      // Not no-referrer: that would hide from us, too, where a form was sent from.
      'Referrer-Policy': 'same-origin',
      'Cache-Control': 'no-store',
      ...headers,
    },
  })
}
