/** As much of a browser as the sign-in pages need: cookies, the fields of a form, and where a form is sent. */

import type { OpenLazuli } from '../../../testing/open-lazuli.ts'

export type Shown = {
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly cookie: string
}

const accept = 'text/html,application/xhtml+xml'

async function shown(url: string, response: Response, before = ''): Promise<Shown> {
  const set = response.headers.get('set-cookie')?.split(';')[0]
  return { url, status: response.status, headers: response.headers, text: await response.text(), cookie: set ?? before }
}

export const openPage = async (lazuli: OpenLazuli, url: string): Promise<Shown> =>
  shown(url, await lazuli.request('GET', url, { headers: { accept } }))

/** Sends the page's form; `headers` on top of what a browser sends. */
export async function postPage(
  lazuli: OpenLazuli,
  page: Shown,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Shown> {
  const sent = { accept, origin: new URL(page.url).origin, cookie: page.cookie, ...headers }
  const response = await lazuli.request('POST', page.url, { headers: sent, body: new URLSearchParams(form) })
  return shown(page.url, response, page.cookie)
}

/** The hidden fields. */
export const formOf = ({ text }: Shown): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
