import { type Html, html } from './html.ts'

export type SignInForm = {
  readonly clientName: string
  readonly pageToken: string
  readonly username: string
  /** What was wrong with the last attempt. */
  readonly problem?: string | undefined
  readonly hidden?: Readonly<Record<string, string>>
}

/** Name and password, sent to the address of the page itself. */
export const signInForm = ({ clientName, pageToken, username, problem, hidden = {} }: SignInForm): Html => html`
<p>to go on to <strong>${clientName}</strong></p>
${problem === undefined ? undefined : html`<p class="alarm" id="problem" role="alert">${problem}</p>`}
<form method="post">
<input type="hidden" name="page_token" value="${pageToken}">
${{
  html: Object.entries(hidden)
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`.html)
    .join(''),
}}
<label for="username">User name</label>
<input id="username" name="username" type="text" value="${username}" autocomplete="username" autocapitalize="none" spellcheck="false" required${described(problem)}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${described(problem)}>
<div class="buttons">
<button type="submit">Sign in</button>
<button type="submit" class="second" name="cancel" value="1" formnovalidate>Cancel</button>
</div>
</form>`

const described = (problem: string | undefined): Html => ({
  html: problem === undefined ? '' : ' aria-describedby="problem" aria-invalid="true"',
})
